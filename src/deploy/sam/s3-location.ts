// Where code and definitions lie in S3: `s3://bucket/key?versionId=v`, or a map of Bucket, Key and Version.
import { resourceProblem } from './sam-error.ts';
import { isFilled, isMap } from './values.ts';
import type { JsonMap } from './values.ts';

interface S3Location {
  readonly bucket: unknown;
  readonly key: unknown;
  readonly version?: unknown;
}

/** Throws SamProblem in the words of the property. */
function readS3Location(value: unknown, logicalId: string, property: string): S3Location {
  if (isMap(value)) {
    const { Bucket: bucket, Key: key, Version: version } = value;
    if (!isFilled(bucket) || !isFilled(key)) {
      throw resourceProblem(
        logicalId,
        `'${property}' requires Bucket and Key properties to be specified.`,
      );
    }
    return { bucket, key, ...('Version' in value ? { version } : {}) };
  }
  const parsed = typeof value === 'string' ? parseS3Uri(value) : undefined;
  if (parsed !== undefined) return parsed;
  throw resourceProblem(
    logicalId,
    `'${property}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.`,
  );
}

function parseS3Uri(uri: string): S3Location | undefined {
  const match = /^s3:\/\/([^/?#]+)\/([^?#]*)(?:\?([^#]*))?/.exec(uri);
  const [, bucket = '', key = '', query = ''] = match ?? [];
  if (match === null || /[[\]]/.test(bucket)) return undefined;
  const versions = new URLSearchParams(query).getAll('versionId');
  return {
    bucket,
    key: key.replace(/^\/+/, ''),
    ...(versions.length === 1 && versions[0] !== '' ? { version: versions[0] } : {}),
  };
}

/** As the Code of a function or the Content of a layer. */
export function codeLocation(value: unknown, logicalId: string, property: string): JsonMap {
  if (typeof value === 'string') {
    const dynamic = /\{\{resolve:(ssm|ssm-secure|secretsmanager):[a-zA-Z0-9_.\-/]+(:\d+)?\}\}/.exec(
      value,
    )?.[0];
    if (dynamic?.includes('/') === true) {
      throw resourceProblem(
        logicalId,
        `Unsupported dynamic reference detected in '${property}'. Please consider using alternative 'FunctionCode' object format.`,
      );
    }
  } else if (!isMap(value)) {
    throw resourceProblem(logicalId, `'${property}' must be of type dict or string.`);
  }
  const { bucket, key, version } = readS3Location(value, logicalId, property);
  return {
    S3Bucket: bucket,
    S3Key: key,
    ...(version === undefined ? {} : { S3ObjectVersion: version }),
  };
}

/** As the body or definition of an API or a state machine. */
export function documentLocation(value: unknown, logicalId: string): JsonMap {
  const { bucket, key, version } = readS3Location(value, logicalId, 'DefinitionUri');
  return { Bucket: bucket, Key: key, ...(version === undefined ? {} : { Version: version }) };
}
