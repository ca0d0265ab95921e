// Every error S3 answers with: codes, statuses and messages as AWS writes them.
// Sources: S3 API reference "Error responses"; recorded answers in localstack/localstack,
// tests/aws/services/s3/*.snapshot.json (recorded against AWS).
import { ServiceError } from '../../base/errors.ts';

type Fields = Readonly<Record<string, string>>;

function notFound(code: string, message: string, fields: Fields): ServiceError {
  return new ServiceError(code, message, { status: 404, fields });
}

export function noSuchBucket(bucket: string): ServiceError {
  return notFound('NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket });
}

export function noSuchKey(key: string): ServiceError {
  return notFound('NoSuchKey', 'The specified key does not exist.', { Key: key });
}

/** The current version is a delete marker: the answer says so in a header. */
export function keyIsDeleted(key: string, versionId: string): ServiceError {
  return new ServiceError('NoSuchKey', 'The specified key does not exist.', {
    status: 404,
    fields: { Key: key },
    headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId },
  });
}

export function noSuchVersion(key: string, versionId: string): ServiceError {
  const fields = { Key: key, VersionId: versionId };
  return notFound('NoSuchVersion', 'The specified version does not exist.', fields);
}

export function noSuchUpload(uploadId: string): ServiceError {
  return notFound(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );
}

/** What a bucket answers for features that are not configured. */
const UNSET = {
  cors: ['NoSuchCORSConfiguration', 'The CORS configuration does not exist'],
  encryption: [
    'ServerSideEncryptionConfigurationNotFoundError',
    'The server side encryption configuration was not found',
  ],
  lifecycle: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  objectLock: [
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ],
  ownership: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  policy: ['NoSuchBucketPolicy', 'The bucket policy does not exist'],
  publicAccessBlock: [
    'NoSuchPublicAccessBlockConfiguration',
    'The public access block configuration was not found',
  ],
  replication: [
    'ReplicationConfigurationNotFoundError',
    'The replication configuration was not found',
  ],
  tagging: ['NoSuchTagSet', 'The TagSet does not exist'],
  website: [
    'NoSuchWebsiteConfiguration',
    'The specified bucket does not have a website configuration',
  ],
  /** Analytics, inventory, metrics and tiering configurations, by id. */
  byId: ['NoSuchConfiguration', 'The specified configuration does not exist.'],
} as const;

export function notConfigured(feature: keyof typeof UNSET, bucket: string): ServiceError {
  const [code, message] = UNSET[feature];
  return notFound(code, message, { BucketName: bucket });
}

export function bucketAlreadyExists(bucket: string): ServiceError {
  return new ServiceError(
    'BucketAlreadyExists',
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    { status: 409, fields: { BucketName: bucket } },
  );
}

export function bucketAlreadyOwnedByYou(bucket: string): ServiceError {
  return new ServiceError(
    'BucketAlreadyOwnedByYou',
    'Your previous request to create the named bucket succeeded and you already own it.',
    { status: 409, fields: { BucketName: bucket } },
  );
}

export function bucketNotEmpty(bucket: string, versioned: boolean): ServiceError {
  const message = 'The bucket you tried to delete is not empty';
  return new ServiceError(
    'BucketNotEmpty',
    versioned ? `${message}. You must delete all versions in the bucket.` : message,
    { status: 409, fields: { BucketName: bucket } },
  );
}

export function invalidBucketName(bucket: string): ServiceError {
  return new ServiceError('InvalidBucketName', 'The specified bucket is not valid.', {
    fields: { BucketName: bucket },
  });
}

export function illegalLocationConstraint(constraint: string): ServiceError {
  return new ServiceError(
    'IllegalLocationConstraintException',
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

export function invalidLocationConstraint(constraint: string): ServiceError {
  return new ServiceError(
    'InvalidLocationConstraint',
    'The specified location-constraint is not valid',
    { fields: { LocationConstraint: constraint } },
  );
}

export function accessDenied(message = 'Access Denied'): ServiceError {
  return new ServiceError('AccessDenied', message, { status: 403 });
}

/** @param value absent when AWS leaves `ArgumentValue` out. */
export function invalidArgument(message: string, name: string, value?: string): ServiceError {
  return new ServiceError('InvalidArgument', message, {
    fields: { ArgumentName: name, ...(value === undefined ? {} : { ArgumentValue: value }) },
  });
}

export function invalidRequest(message: string): ServiceError {
  return new ServiceError('InvalidRequest', message);
}

export function malformedXml(): ServiceError {
  return new ServiceError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

export function malformedAcl(): ServiceError {
  return new ServiceError(
    'MalformedACLError',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError('MalformedPolicy', message);
}

export function keyTooLong(sizeBytes: number, maxBytes: number): ServiceError {
  return new ServiceError('KeyTooLongError', 'Your key is too long', {
    fields: { Size: String(sizeBytes), MaxSizeAllowed: String(maxBytes) },
  });
}

export function metadataTooLarge(sizeBytes: number, maxBytes: number): ServiceError {
  return new ServiceError(
    'MetadataTooLarge',
    'Your metadata headers exceed the maximum allowed metadata size',
    { fields: { Size: String(sizeBytes), MaxSizeAllowed: String(maxBytes) } },
  );
}

export function entityTooLarge(proposedBytes: number, maxBytes: number): ServiceError {
  return new ServiceError(
    'EntityTooLarge',
    'Your proposed upload exceeds the maximum allowed size',
    { fields: { ProposedSize: String(proposedBytes), MaxSizeAllowed: String(maxBytes) } },
  );
}

export function entityTooSmall(part: {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly minBytes: number;
}): ServiceError {
  return new ServiceError(
    'EntityTooSmall',
    'Your proposed upload is smaller than the minimum allowed size',
    {
      fields: {
        ETag: part.etag,
        MinSizeAllowed: String(part.minBytes),
        PartNumber: String(part.partNumber),
        ProposedSize: String(part.sizeBytes),
      },
    },
  );
}

export function invalidPart(uploadId: string, partNumber: number, etag: string): ServiceError {
  return new ServiceError(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { fields: { ETag: etag, PartNumber: String(partNumber), UploadId: uploadId } },
  );
}

export function invalidPartOrder(uploadId: string): ServiceError {
  return new ServiceError(
    'InvalidPartOrder',
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
    { fields: { UploadId: uploadId } },
  );
}

export function invalidPartNumber(requested: number, partsCount: number): ServiceError {
  return new ServiceError('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
    status: 416,
    fields: { ActualPartCount: String(partsCount), PartNumberRequested: String(requested) },
  });
}

export function invalidRange(range: string, sizeBytes: number): ServiceError {
  return new ServiceError('InvalidRange', 'The requested range is not satisfiable', {
    status: 416,
    fields: { ActualObjectSize: String(sizeBytes), RangeRequested: range },
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}

export function preconditionFailed(condition: string): ServiceError {
  return new ServiceError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { status: 412, fields: { Condition: condition } },
  );
}

/** 304: headers only. */
export function notModified(headers: Readonly<Record<string, string>>): ServiceError {
  return new ServiceError('NotModified', 'Not Modified', { status: 304, headers });
}

export function conditionalRequestConflict(condition: string, key: string): ServiceError {
  return new ServiceError(
    'ConditionalRequestConflict',
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
    { status: 409, fields: { Condition: condition, Key: key } },
  );
}

/** A delete marker was asked for by its version id. */
export function deleteMarkerNotAllowed(
  method: string,
  headers: Readonly<Record<string, string>>,
): ServiceError {
  return new ServiceError(
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    {
      status: 405,
      fields: { Method: method, ResourceType: 'DeleteMarker' },
      headers: { allow: 'DELETE', ...headers },
    },
  );
}

export function headerNotImplemented(header: string, additionalMessage?: string): ServiceError {
  return new ServiceError(
    'NotImplemented',
    'A header you provided implies functionality that is not implemented',
    {
      status: 501,
      fields: {
        Header: header,
        ...(additionalMessage === undefined ? {} : { additionalMessage }),
      },
    },
  );
}

/** Something AWS has and Cloudlet does not, asked for in a body. */
export function featureNotImplemented(what: string): ServiceError {
  return new ServiceError('NotImplemented', `${what} is not implemented by Cloudlet`, {
    status: 501,
  });
}

export function invalidDigest(contentMd5: string): ServiceError {
  return new ServiceError('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
    fields: { 'Content-MD5': contentMd5 },
  });
}

export function badContentMd5(expected: string, calculated: string): ServiceError {
  return new ServiceError(
    'BadDigest',
    'The Content-MD5 you specified did not match what we received.',
    { fields: { ExpectedDigest: expected, CalculatedDigest: calculated } },
  );
}

export function badChecksum(algorithm: string): ServiceError {
  return new ServiceError(
    'BadDigest',
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );
}

export function incompleteBody(cause?: unknown): ServiceError {
  return new ServiceError(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    cause === undefined ? {} : { cause },
  );
}

export function invalidTag(message: string, fields: Fields): ServiceError {
  return new ServiceError('InvalidTag', message, { fields });
}

export function tooManyTags(message: string): ServiceError {
  return new ServiceError('BadRequest', message);
}

export function invalidStorageClass(storageClass: string): ServiceError {
  return new ServiceError('InvalidStorageClass', 'The storage class you specified is not valid', {
    fields: { StorageClassRequested: storageClass },
  });
}

export function objectIsArchived(storageClass: string): ServiceError {
  return new ServiceError(
    'InvalidObjectState',
    "The operation is not valid for the object's storage class",
    { status: 403, fields: { StorageClass: storageClass } },
  );
}

export function aclNotSupported(): ServiceError {
  return new ServiceError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
}

export function bucketAclNotAllowed(): ServiceError {
  return new ServiceError(
    'InvalidBucketAclWithObjectOwnership',
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  );
}

export function corsForbidden(
  message: string,
  method: string,
  resourceType: 'BUCKET' | 'OBJECT',
): ServiceError {
  return new ServiceError('AccessForbidden', `CORSResponse: ${message}`, {
    status: 403,
    fields: { Method: method, ResourceType: resourceType },
  });
}

export function invalidExpectedOwner(value: string): ServiceError {
  return new ServiceError(
    'InvalidBucketOwnerAWSAccountID',
    `The value of the expected bucket owner parameter must be an AWS Account ID... [${value}]`,
  );
}

export function missingContentLength(): ServiceError {
  return new ServiceError(
    'MissingContentLength',
    'You must provide the Content-Length HTTP header.',
    { status: 411 },
  );
}

export function badRequest(message: string): ServiceError {
  return new ServiceError('BadRequest', message);
}

export function deleteMarkerCopy(): ServiceError {
  return invalidRequest(
    'The source of a copy request may not specifically refer to a delete marker by version id.',
  );
}

/** AWS: the words of the error tell both sides. S3 API reference, UploadPart. */
export function checksumTypeMismatch(expected: string, actual: string): ServiceError {
  return invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
  );
}

export function illegalVersioning(): ServiceError {
  return new ServiceError(
    'IllegalVersioningConfigurationException',
    'The Versioning element must be specified',
  );
}

/**
 * AWS: one pair of argument members for each destination, numbered from 1 when there are several.
 * localstack/localstack, test_s3_notifications_*.snapshot.json.
 */
export function unreachableDestinations(
  problems: readonly { readonly arn: string; readonly reason: string }[],
): ServiceError {
  const fields: Record<string, string> = {};
  problems.forEach(({ arn, reason }, at) => {
    const suffix = problems.length === 1 ? '' : String(at + 1);
    fields[`ArgumentName${suffix}`] = arn;
    fields[`ArgumentValue${suffix}`] = reason;
  });
  const message = 'Unable to validate the following destination configurations';
  return new ServiceError('InvalidArgument', message, { fields });
}

export function malformedPost(): ServiceError {
  return new ServiceError(
    'MalformedPOSTRequest',
    'The body of your POST request is not well-formed multipart/form-data.',
  );
}

export function postFieldsTooLarge(): ServiceError {
  return new ServiceError(
    'MaxPostPreDataLengthExceeded',
    'Your POST request fields preceding the upload file were too large.',
  );
}

export function missingPostField(name: string): ServiceError {
  return invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    '',
  );
}

export function missingPostFile(): ServiceError {
  return invalidArgument('POST requires exactly one file upload per request.', 'file', '0');
}

export function invalidPolicyDocument(reason: string): ServiceError {
  return new ServiceError('InvalidPolicyDocument', `Invalid Policy: ${reason}`);
}

export function uploadTooSmall(proposedBytes: number, minBytes: number): ServiceError {
  return new ServiceError(
    'EntityTooSmall',
    'Your proposed upload is smaller than the minimum allowed size',
    { fields: { ProposedSize: String(proposedBytes), MinSizeAllowed: String(minBytes) } },
  );
}
