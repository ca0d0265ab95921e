# Where the provider finds this cloud; `change` is what the second apply sets otherwise.
# aws_dynamodb_table_replica is not here: it asks KMS for a key, which this cloud does not have yet.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "change" {
  type = string
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "111122223333"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = false
  s3_use_path_style           = true
  endpoints {
    dynamodb = var.endpoint
    iam      = var.endpoint
    s3       = var.endpoint
    sts      = var.endpoint
  }
}

resource "aws_dynamodb_table" "orders" {
  name             = "orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  table_class      = var.change == "one" ? "STANDARD" : "STANDARD_INFREQUENT_ACCESS"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "city"
    type = "S"
  }

  dynamic "attribute" {
    for_each = var.change == "one" ? [] : ["total"]
    content {
      name = attribute.value
      type = "N"
    }
  }

  global_secondary_index {
    name            = "by-city"
    hash_key        = "city"
    projection_type = "ALL"
  }

  dynamic "global_secondary_index" {
    for_each = var.change == "one" ? [] : ["total"]
    content {
      name            = "by-total"
      hash_key        = "total"
      projection_type = "KEYS_ONLY"
    }
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.change == "one" ? 35 : 7
  }

  tags = { stage = var.change }
}

resource "aws_dynamodb_table" "provisioned" {
  name           = "provisioned"
  read_capacity  = 5
  write_capacity = var.change == "one" ? 5 : 6
  hash_key       = "pk"
  range_key      = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "B"
  }

  # A tag of its own resource is not the table's to remove.
  lifecycle {
    ignore_changes = [tags, tags_all]
  }
}

resource "aws_dynamodb_table" "world" {
  name             = "world"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "pk"
    type = "S"
  }

  deletion_protection_enabled = var.change == "one"

  replica {
    region_name            = var.change == "one" ? "eu-west-1" : "ap-south-1"
    point_in_time_recovery = true
    propagate_tags         = true
  }

  tags = { stage = var.change }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.orders.name
  hash_key   = "pk"
  item       = jsonencode({ pk = { S = "a" }, note = { S = var.change } })
}

resource "aws_dynamodb_resource_policy" "orders" {
  resource_arn = aws_dynamodb_table.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.change
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Action    = ["dynamodb:GetItem", "dynamodb:Query"]
      Resource  = aws_dynamodb_table.orders.arn
    }]
  })
}

resource "aws_dynamodb_contributor_insights" "orders" {
  table_name = aws_dynamodb_table.orders.name
  index_name = var.change == "one" ? null : "by-city"
}

resource "aws_dynamodb_tag" "orders" {
  resource_arn = aws_dynamodb_table.provisioned.arn
  key          = "kept"
  value        = var.change
}

resource "aws_s3_bucket" "exports" {
  bucket        = "tf-exports"
  force_destroy = true
}

resource "aws_dynamodb_table_export" "orders" {
  table_arn = aws_dynamodb_table.orders.arn
  s3_bucket = aws_s3_bucket.exports.id
  s3_prefix = var.change
}

output "items" {
  value = aws_dynamodb_table_export.orders.item_count
}
