"""API Gateway through boto3: a REST API made by hand, called over HTTP."""
import json
import urllib.error
import urllib.request

from harness import ACCOUNT, ENDPOINT, REGION, check, client, equal, fails, run, zipped

api = client('apigateway')
functions = client('lambda')


def http(method, url, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@check
def a_function_answers_over_http():
    role = client('iam').create_role(RoleName='runner', AssumeRolePolicyDocument=json.dumps({
        'Version': '2012-10-17', 'Statement': [
            {'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}))['Role']['Arn']
    source = 'exports.handler = async (e) => ({ statusCode: 201, body: JSON.stringify([e.httpMethod, e.pathParameters, e.queryStringParameters, e.body]) });'
    arn = functions.create_function(FunctionName='web', Runtime='nodejs20.x', Role=role, Handler='index.handler',
                                    Code={'ZipFile': zipped(index_js=source)})['FunctionArn']
    functions.add_permission(FunctionName='web', StatementId='api', Action='lambda:InvokeFunction', Principal='apigateway.amazonaws.com')
    rest = api.create_rest_api(name='web')['id']
    [root] = api.get_resources(restApiId=rest)['items']
    items = api.create_resource(restApiId=rest, parentId=root['id'], pathPart='items')['id']
    item = api.create_resource(restApiId=rest, parentId=items, pathPart='{id}')
    equal(item['path'], '/items/{id}')
    where = {'restApiId': rest, 'resourceId': item['id'], 'httpMethod': 'ANY'}
    api.put_method(**where, authorizationType='NONE')
    api.put_integration(**where, type='AWS_PROXY', integrationHttpMethod='POST',
                        uri=f'arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations')
    equal(api.get_method(**where)['methodIntegration']['type'], 'AWS_PROXY')
    api.create_deployment(restApiId=rest, stageName='live')
    url = f'{ENDPOINT}/restapis/{rest}/live/_user_request_/items'
    equal(http('PUT', f'{url}/7%20x?a=b', b'body'), (201, ['PUT', {'id': '7%20x'}, {'a': 'b'}, 'body']))
    equal(http('GET', url)[0], 403)
    equal([stage['stageName'] for stage in api.get_stages(restApiId=rest)['item']], ['live'])
    api.delete_rest_api(restApiId=rest)
    fails('NotFoundException', api.get_rest_api, restApiId=rest)


@check
def apis_are_listed_and_patched():
    made = [api.create_rest_api(name=f'n{n}', tags={'n': str(n)})['id'] for n in range(3)]
    pages = api.get_paginator('get_rest_apis').paginate(PaginationConfig={'PageSize': 2})
    equal({entry['id'] for page in pages for entry in page['items']}, set(made))
    changed = api.update_rest_api(restApiId=made[0], patchOperations=[{'op': 'replace', 'path': '/name', 'value': 'renamed'}])
    equal(changed['name'], 'renamed')
    equal(api.get_tags(resourceArn=f'arn:aws:apigateway:{REGION}::/restapis/{made[1]}')['tags'], {'n': '1'})


@check
def errors():
    fails('NotFoundException', api.get_rest_api, restApiId='none')
    missing = fails('NotFoundException', api.get_resources, restApiId='none')
    assert 'none' in missing['Error']['Message'], missing
    fails('BadRequestException', api.create_deployment, restApiId=api.create_rest_api(name='empty')['id'])


run()
