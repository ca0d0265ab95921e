data "aws_iam_policy" "basic" {
  arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "app" {
  name               = "app"
  path               = "/team/"
  description        = var.change
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { team = var.change }
}

resource "aws_iam_policy" "read" {
  name = "read"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::${var.change}/*" }]
  })
}

resource "aws_iam_role_policy_attachment" "app" {
  for_each   = { read = aws_iam_policy.read.arn, basic = data.aws_iam_policy.basic.arn }
  role       = aws_iam_role.app.name
  policy_arn = each.value
}

resource "aws_iam_role_policy" "inline" {
  role = aws_iam_role.app.id
  name = "inline"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:*", "dynamodb:*"], Resource = "*" }]
  })
}

resource "aws_iam_instance_profile" "app" {
  name = "app"
  role = aws_iam_role.app.name
}

resource "aws_iam_user" "bot" {
  name          = "bot"
  force_destroy = true
  tags          = { kind = "bot" }
}

resource "aws_iam_user_policy_attachment" "bot" {
  user       = aws_iam_user.bot.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_access_key" "bot" {
  user = aws_iam_user.bot.name
}

resource "aws_iam_group" "bots" {
  name = "bots"
}

resource "aws_iam_group_membership" "bots" {
  name  = "bots"
  group = aws_iam_group.bots.name
  users = [aws_iam_user.bot.name]
}

resource "aws_iam_account_alias" "shop" {
  account_alias = "shop"
}
