// Reaches a running cloud: where it is, its control interface, and SDK clients for its services.
import { UserError } from '../base/errors.ts';
import { findRunningCloud } from '../platform/data-directory.ts';
import type { Arguments } from './command.ts';

export const DEFAULT_PORT = 4566;
export const DEFAULT_DATA_DIRECTORY = '.cloudlet';

export interface Connection {
  readonly endpoint: string;
  readonly region: string;
  /** Settings for any client of the AWS SDK. */
  readonly clientSettings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly forcePathStyle: boolean;
  };
  /** Calls `/_cloudlet/NAME`; with a body, POST. */
  control(name: string, body?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
}

/** The cloud named by --endpoint, by CLOUDLET_ENDPOINT, by the data directory here, or on the usual port. */
export async function connect(args: Arguments): Promise<Connection> {
  const running = await findRunningCloud(DEFAULT_DATA_DIRECTORY);
  const endpoint =
    args.text('endpoint') ??
    process.env['CLOUDLET_ENDPOINT'] ??
    running?.endpoint ??
    `http://127.0.0.1:${DEFAULT_PORT}`;
  if (!URL.canParse(endpoint)) {
    throw new UserError('ERR_USAGE', `not a URL: ${endpoint}`, { fix: 'write --endpoint http://127.0.0.1:4566' });
  }
  const connection = connectTo(endpoint, args.text('region') ?? 'us-east-1');
  await connection.control('health');
  return connection;
}

export function connectTo(endpoint: string, region: string): Connection {
  return {
    endpoint,
    region,
    clientSettings: {
      endpoint,
      region,
      credentials: {
        accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
        secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
      },
      forcePathStyle: true,
    },
    control: (name, body) => callControl(new URL(`/_cloudlet/${name}`, endpoint), body),
  };
}

async function callControl(
  url: URL,
  body: Readonly<Record<string, unknown>> | undefined,
): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new UserError('ERR_NO_CLOUD', `no cloud answers at ${url.origin}`, {
      fix: 'start one with `cloudlet start` or `cloudlet dev`, or name it with --endpoint URL',
      cause: error,
    });
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (typeof answer !== 'object' || answer === null) {
    throw new UserError('ERR_NO_CLOUD', `what answers at ${url.origin} is not Cloudlet`, {
      fix: 'name the right place with --endpoint URL',
    });
  }
  if (!response.ok) {
    const { error, message, fix } = answer as { error?: string; message?: string; fix?: string };
    throw new UserError((error ?? 'ERR_CONTROL') as `ERR_${string}`, message ?? text, {
      where: url.href,
      ...(fix === undefined ? {} : { fix }),
    });
  }
  return answer as Record<string, unknown>;
}
