"""S3 through boto3: transfers, presigned addresses, versions, listings, copies."""
import hashlib
import io
import json
import os
import tempfile
import threading
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from harness import ACCOUNT, REGION, check, client, equal, fails, run

s3 = client('s3')
s3.create_bucket(Bucket='things')
# The one access control list that a bucket without lists takes.
ACL = 'bucket-owner-full-control'
PARTS = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)


def http(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def post_form(post, body):
    mark = uuid.uuid4().hex
    fields = ''.join(f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                     for name, value in post['fields'].items())
    file = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
    data = (fields + file).encode() + body + f'\r\n--{mark}--\r\n'.encode()
    return http('POST', post['url'], data, {'content-type': f'multipart/form-data; boundary={mark}'})


def bucket(name):
    s3.create_bucket(Bucket=name)
    s3.get_waiter('bucket_exists').wait(Bucket=name, WaiterConfig={'Delay': 1, 'MaxAttempts': 2})
    return boto3.resource('s3').Bucket(name)


@check
def objects_come_back_as_they_were_put():
    key = "a b/é+'(1)&=?#%25.txt"
    put = s3.put_object(Bucket='things', Key=key, Body=b'hello', ContentType='text/x-thing',
                        Metadata={'Owner': 'ann'}, CacheControl='max-age=5', Tagging='k=v%20w')
    equal(put['ETag'], f'"{hashlib.md5(b"hello").hexdigest()}"')
    got = s3.get_object(Bucket='things', Key=key)
    equal(got['Body'].read(), b'hello')
    equal((got['ContentType'], got['Metadata'], got['CacheControl'], got['TagCount']),
          ('text/x-thing', {'owner': 'ann'}, 'max-age=5', 1))
    equal(s3.get_object_tagging(Bucket='things', Key=key)['TagSet'], [{'Key': 'k', 'Value': 'v w'}])
    equal(s3.head_object(Bucket='things', Key=key)['ContentLength'], 5)
    s3.delete_object(Bucket='things', Key=key)
    fails('NoSuchKey', s3.get_object, Bucket='things', Key=key)
    fails('404', s3.head_object, Bucket='things', Key=key)


@check
def upload_fileobj_sends_large_bodies_in_parts():
    body = os.urandom(11 << 20)
    seen = []
    s3.upload_fileobj(io.BytesIO(body), 'things', 'large', Config=PARTS, Callback=seen.append,
                      ExtraArgs={'Metadata': {'kind': 'large'}, 'ChecksumAlgorithm': 'SHA256'})
    equal(sum(seen), len(body))
    head = s3.head_object(Bucket='things', Key='large')
    assert head['ETag'].endswith('-3"'), head['ETag']
    equal((head['ContentLength'], head['Metadata']), (len(body), {'kind': 'large'}))
    buffer = io.BytesIO()
    s3.download_fileobj('things', 'large', buffer, Config=PARTS)
    assert buffer.getvalue() == body
    with tempfile.TemporaryDirectory() as folder:
        s3.download_file('things', 'large', f'{folder}/x', Config=PARTS)
        s3.upload_file(f'{folder}/x', 'things', 'again')
    assert s3.get_object(Bucket='things', Key='again')['Body'].read() == body
    equal(s3.get_object(Bucket='things', Key='large', Range='bytes=5242878-5242882')['Body'].read(),
          body[5242878:5242883])
    s3.copy({'Bucket': 'things', 'Key': 'large'}, 'things', 'copied', Config=PARTS)
    assert s3.get_object(Bucket='things', Key='copied')['Body'].read() == body
    equal(s3.list_multipart_uploads(Bucket='things').get('Uploads', []), [])


@check
def parts_by_hand():
    bucket('parts')
    upload = s3.create_multipart_upload(Bucket='parts', Key='k')['UploadId']
    where = {'Bucket': 'parts', 'Key': 'k', 'UploadId': upload}
    first = s3.upload_part(PartNumber=1, Body=b'a' * (5 << 20), **where)['ETag']
    second = s3.upload_part(PartNumber=2, Body=b'b', **where)['ETag']
    equal([part['Size'] for part in s3.list_parts(**where)['Parts']], [5 << 20, 1])
    fails('InvalidPart', s3.complete_multipart_upload, **where,
          MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': '"0"'}]})
    fails('InvalidPartOrder', s3.complete_multipart_upload, **where,
          MultipartUpload={'Parts': [{'PartNumber': 2, 'ETag': second}, {'PartNumber': 1, 'ETag': first}]})
    s3.complete_multipart_upload(**where, MultipartUpload={
        'Parts': [{'PartNumber': 1, 'ETag': first}, {'PartNumber': 2, 'ETag': second}]})
    equal(s3.get_object(Bucket='parts', Key='k', PartNumber=2)['Body'].read(), b'b')
    other = s3.create_multipart_upload(Bucket='parts', Key='gone')['UploadId']
    s3.abort_multipart_upload(Bucket='parts', Key='gone', UploadId=other)
    fails('NoSuchUpload', s3.list_parts, Bucket='parts', Key='gone', UploadId=other)


@check
def presigned_addresses():
    headers = {'content-type': 'text/plain'}
    put = s3.generate_presigned_url('put_object', {'Bucket': 'things', 'Key': 'signed é',
                                                   'ContentType': 'text/plain'})
    equal(http('PUT', put, b'by hand', headers)[0], 200)
    get = s3.generate_presigned_url('get_object', {
        'Bucket': 'things', 'Key': 'signed é', 'ResponseContentDisposition': 'attachment; filename="x"'})
    equal(http('GET', get), (200, b'by hand'))
    with urllib.request.urlopen(get) as answer:
        equal(answer.headers['content-disposition'], 'attachment; filename="x"')
    # By default boto3 signs these with version 2 here; version 4 is asked for by name.
    assert 'AWSAccessKeyId=' in get and 'X-Amz-Signature=' not in get, get
    newer = client('s3', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
    equal(http('GET', newer.generate_presigned_url('get_object', {'Bucket': 'things', 'Key': 'signed é'})),
          (200, b'by hand'))
    past = s3.generate_presigned_url('get_object', {'Bucket': 'things', 'Key': 'signed é'}, ExpiresIn=-10)
    status, body = http('GET', past)
    equal(status, 403)
    assert b'<Message>Request has expired</Message>' in body, body


@check
def presigned_posts():
    post = s3.generate_presigned_post('things', 'form/${filename}', Fields={'acl': ACL}, Conditions=[
        {'acl': ACL}, ['content-length-range', 1, 20]])

    equal(post_form(post, b'from a form')[0], 204)
    equal(s3.get_object(Bucket='things', Key='form/f.txt')['Body'].read(), b'from a form')
    status, body = post_form(post, b'x' * 21)
    equal(status, 400)
    assert b'EntityTooLarge' in body, body


@check
def signatures_of_issued_credentials_are_verified():
    iam = client('iam')
    trust = {'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Principal': {'AWS': ACCOUNT}, 'Action': 'sts:AssumeRole'}]}
    arn = iam.create_role(RoleName='signer', AssumeRolePolicyDocument=json.dumps(trust))['Role']['Arn']
    iam.attach_role_policy(RoleName='signer', PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
    issued = client('sts').assume_role(RoleArn=arn, RoleSessionName='signs')['Credentials']
    s3.put_object(Bucket='things', Key='a b/é', Body=b'signed for')
    for version in (None, 's3v4'):
        def signer(secret):
            return client('s3', aws_access_key_id=issued['AccessKeyId'], aws_secret_access_key=secret,
                          aws_session_token=issued['SessionToken'],
                          config=Config(signature_version=version, s3={'addressing_style': 'path'}))
        for secret, statuses in ((issued['SecretAccessKey'], [200, 200, 204]), ('x' * 40, [403, 403, 403])):
            own = signer(secret)
            get = own.generate_presigned_url('get_object', {
                'Bucket': 'things', 'Key': 'a b/é', 'ResponseContentType': 'text/x y'})
            put = own.generate_presigned_url('put_object', {'Bucket': 'things', 'Key': 'by role', 'ContentType': 'a/b',
                                                            'Metadata': {'Who': 'me'}})
            headers = {'content-type': 'a/b', 'x-amz-meta-Who': 'me'}
            seen = [http('GET', get)[0], http('PUT', put, b'x', headers)[0],
                    post_form(own.generate_presigned_post('things', 'posted'), b'x')[0]]
            equal(seen, statuses)


@check
def versions():
    box = bucket('versioned')
    box.Versioning().enable()
    equal(box.Versioning().status, 'Enabled')
    ids = [s3.put_object(Bucket='versioned', Key='k', Body=text)['VersionId'] for text in ('one', 'two')]
    equal(s3.get_object(Bucket='versioned', Key='k', VersionId=ids[0])['Body'].read(), b'one')
    marker = s3.delete_object(Bucket='versioned', Key='k')
    assert marker['DeleteMarker'] is True
    fails('NoSuchKey', s3.get_object, Bucket='versioned', Key='k')
    fails('MethodNotAllowed', s3.get_object, Bucket='versioned', Key='k', VersionId=marker['VersionId'])
    listed = s3.list_object_versions(Bucket='versioned')
    equal([version['VersionId'] for version in listed['Versions']], ids[::-1])
    equal(len(listed['DeleteMarkers']), 1)
    s3.delete_object(Bucket='versioned', Key='k', VersionId=marker['VersionId'])
    equal(s3.get_object(Bucket='versioned', Key='k')['Body'].read(), b'two')
    fails('BucketNotEmpty', s3.delete_bucket, Bucket='versioned')
    box.object_versions.delete()
    box.delete()
    s3.get_waiter('bucket_not_exists').wait(Bucket='versioned')


@check
def listings_by_page():
    box = bucket('listed')
    keys = [f'{folder}/{n}' for folder in ('a', 'b') for n in range(7)] + ['top', 'z é+%']
    for key in keys:
        s3.put_object(Bucket='listed', Key=key, Body=b'x')
    for operation in ('list_objects_v2', 'list_objects'):
        pages = list(s3.get_paginator(operation).paginate(Bucket='listed', PaginationConfig={'PageSize': 3}))
        equal([entry['Key'] for page in pages for entry in page['Contents']], sorted(keys))
        assert len(pages) >= 6
    paginator = s3.get_paginator('list_objects_v2').paginate(Bucket='listed', Delimiter='/',
                                                             PaginationConfig={'PageSize': 1})
    equal(list(paginator.search('CommonPrefixes[].Prefix'))[:2], ['a/', 'b/'])
    versions = s3.get_paginator('list_object_versions').paginate(Bucket='listed',
                                                                 PaginationConfig={'PageSize': 4})
    equal([entry['Key'] for page in versions for entry in page['Versions']], sorted(keys))
    equal(len(list(box.objects.filter(Prefix='b/'))), 7)
    gone = s3.delete_objects(Bucket='listed', Delete={'Objects': [{'Key': key} for key in keys]})
    equal(sorted(entry['Key'] for entry in gone['Deleted']), sorted(keys))
    equal(s3.list_objects_v2(Bucket='listed')['KeyCount'], 0)


@check
def waiters():
    timer = threading.Timer(0.3, lambda: s3.put_object(Bucket='things', Key='late', Body=b'x'))
    timer.start()
    s3.get_waiter('object_exists').wait(Bucket='things', Key='late', WaiterConfig={'Delay': 1, 'MaxAttempts': 5})
    timer.join()
    s3.delete_object(Bucket='things', Key='late')
    s3.get_waiter('object_not_exists').wait(Bucket='things', Key='late', WaiterConfig={'Delay': 1, 'MaxAttempts': 2})


@check
def copies():
    s3.put_object(Bucket='things', Key='from é', Body=b'body', Metadata={'a': '1'}, ContentType='text/a')
    s3.copy_object(Bucket='things', Key='to', CopySource={'Bucket': 'things', 'Key': 'from é'})
    equal(s3.head_object(Bucket='things', Key='to')['Metadata'], {'a': '1'})
    s3.copy_object(Bucket='things', Key='to', CopySource={'Bucket': 'things', 'Key': 'from é'},
                   MetadataDirective='REPLACE', Metadata={'b': '2'}, ContentType='text/b')
    head = s3.head_object(Bucket='things', Key='to')
    equal((head['Metadata'], head['ContentType']), ({'b': '2'}, 'text/b'))
    fails('InvalidRequest', s3.copy_object, Bucket='things', Key='to', CopySource='things/to')
    fails('NoSuchKey', s3.copy_object, Bucket='things', Key='to', CopySource='things/none')


@check
def conditions():
    etag = s3.put_object(Bucket='things', Key='once', Body=b'1', IfNoneMatch='*')['ETag']
    fails('PreconditionFailed', s3.put_object, Bucket='things', Key='once', Body=b'2', IfNoneMatch='*')
    s3.put_object(Bucket='things', Key='once', Body=b'3', IfMatch=etag)
    fails('PreconditionFailed', s3.put_object, Bucket='things', Key='once', Body=b'4', IfMatch=etag)
    fails('304', s3.get_object, Bucket='things', Key='once',
          IfNoneMatch=s3.head_object(Bucket='things', Key='once')['ETag'])


@check
def bucket_settings():
    bucket('set')
    s3.put_bucket_tagging(Bucket='set', Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})
    equal(s3.get_bucket_tagging(Bucket='set')['TagSet'], [{'Key': 'a', 'Value': 'b'}])
    rules = [{'ID': 'old', 'Status': 'Enabled', 'Filter': {'Prefix': 'tmp/'}, 'Expiration': {'Days': 3}}]
    s3.put_bucket_lifecycle_configuration(Bucket='set', LifecycleConfiguration={'Rules': rules})
    equal(s3.get_bucket_lifecycle_configuration(Bucket='set')['Rules'], rules)
    cors = [{'AllowedMethods': ['GET'], 'AllowedOrigins': ['*']}]
    s3.put_bucket_cors(Bucket='set', CORSConfiguration={'CORSRules': cors})
    equal(s3.get_bucket_cors(Bucket='set')['CORSRules'], cors)
    fails('NoSuchBucketPolicy', s3.get_bucket_policy, Bucket='set')
    fails('NoSuchWebsiteConfiguration', s3.get_bucket_website, Bucket='set')
    equal(s3.get_bucket_encryption(Bucket='set')['ServerSideEncryptionConfiguration']['Rules'][0]
          ['ApplyServerSideEncryptionByDefault'], {'SSEAlgorithm': 'AES256'})
    equal(s3.get_bucket_location(Bucket='set')['LocationConstraint'], None if REGION == 'us-east-1' else REGION)


@check
def errors():
    fails('NoSuchBucket', s3.list_objects_v2, Bucket='nowhere-at-all')
    fails('InvalidBucketName', s3.create_bucket, Bucket='Not_A_Bucket')
    other = client('s3', aws_access_key_id='999999999999', aws_secret_access_key='test')
    fails('BucketAlreadyExists', other.create_bucket, Bucket='things')
    fails('BadDigest', s3.put_object, Bucket='things', Key='x', Body=b'x',
          ContentMD5='1B2M2Y8AsgTpgAmY7PhCfg==')


run()
