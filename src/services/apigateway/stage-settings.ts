// Settings of a stage that shape its traffic: per-method throttling and access logs, read and checked.
import { parseArn } from '../../base/arn.ts';
import { ownEntry } from '../../base/own-entry.ts';
import { badRequest, unsupported } from './errors.ts';
import type { AccessLogSettings, MethodSetting } from './store.ts';

/** AWS: -1 leaves the limits of the account in force. */
const NO_LIMIT = -1;

const DEFAULT_SETTING: MethodSetting = { burstLimit: NO_LIMIT, rateLimit: NO_LIMIT };

/** Only asks for nothing: what would change behaviour that is not there. */
const NEUTRAL: Readonly<Record<string, readonly string[]>> = {
  'caching/dataEncrypted': ['false'],
  'caching/enabled': ['false'],
  'caching/requireAuthorizationForCacheControl': ['true', 'false'],
  'caching/ttlInSeconds': [],
  'caching/unauthorizedCacheControlHeaderStrategy': [],
  'logging/dataTrace': ['false'],
  'logging/loglevel': ['OFF', ''],
  'metrics/enabled': ['false'],
};

/**
 * Applies one patch of a method's settings, e.g. `throttling/rateLimit`.
 * @param name the last two parts of the patch's path
 */
export function changeMethodSetting(
  before: MethodSetting | undefined,
  name: string,
  value: string,
): MethodSetting {
  const setting = before ?? DEFAULT_SETTING;
  if (name === 'throttling/burstLimit') return { ...setting, burstLimit: toLimit(value) };
  if (name === 'throttling/rateLimit') return { ...setting, rateLimit: toLimit(value) };
  const accepted = ownEntry(NEUTRAL, name);
  if (accepted === undefined) throw badRequest(`Invalid patch path /${name}`);
  if (accepted.length > 0 && !accepted.includes(value)) {
    throw unsupported(`The method setting ${name} with the value ${value}`);
  }
  return setting;
}

function toLimit(value: string): number {
  const limit = Number(value);
  if (!Number.isFinite(limit) || limit < NO_LIMIT) throw badRequest(`Invalid throttling limit: ${value}`);
  return limit;
}

/**
 * The settings of a method: its own before those of all methods. Keys are `RESOURCE_PATH/METHOD` with
 * `~1` for a slash, with or without the first one, and `*` twice for all methods.
 */
export function settingOf(
  settings: Readonly<Record<string, MethodSetting>>,
  resourcePath: string,
  method: string,
): MethodSetting | undefined {
  const wanted = trimSlash(`${resourcePath}/${method}`);
  const own = Object.entries(settings).find(([key]) => {
    const named = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return trimSlash(named.replaceAll('//', '/')) === wanted.replaceAll('//', '/');
  });
  return own?.[1] ?? settings['*/*'];
}

function trimSlash(text: string): string {
  return text.replace(/^\/+/, '');
}

/** Checks where access logs go and how a line looks; AWS's messages. */
export function checkAccessLog(settings: AccessLogSettings): AccessLogSettings {
  const { destinationArn, format } = settings;
  const arn = parseArn(destinationArn);
  if (arn?.service === 'firehose') throw unsupported('An access log to Firehose');
  if (arn?.service !== 'logs' || !/^log-group:[^:]+(:\*)?$/.test(arn.resource)) {
    throw badRequest('Invalid ARN specified in the request');
  }
  if (/\n./s.test(format)) {
    throw badRequest(
      'Access Log format must be single line, new line character is allowed only at end of the format',
    );
  }
  if (!/\$context\.(requestId|extendedRequestId)\b/.test(format)) {
    throw badRequest('Invalid format. The format must contain at least either $context.requestId or $context.extendedRequestId');
  }
  return settings;
}
