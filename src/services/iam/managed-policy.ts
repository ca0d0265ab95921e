// Managed policies: the customer's own, with their versions, and those of AWS. Pure but for loading the latter.
import type { Tag } from './entity.ts';

export interface PolicyVersion {
  /** `v1`, `v2`… never used twice. */
  readonly id: string;
  /** JSON as given. */
  readonly document: string;
  readonly createdAtMs: number;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly id: string;
  readonly arn: string;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly defaultVersionId: string;
  readonly versions: readonly PolicyVersion[];
  readonly nextVersion: number;
  readonly tags: readonly Tag[];
}

const AWS_PREFIX = 'arn:aws:iam::aws:policy/';

type IndexEntry = readonly [
  path: string,
  createdSec: number,
  updatedSec: number,
  defaultVersionId: string,
];

export function isAwsManaged(arn: string): boolean {
  return arn.startsWith(AWS_PREFIX);
}

export function policyArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:policy${path}${name}`;
}

/** A policy of AWS by its ARN, without its document; undefined when AWS has none of that name. */
export async function findAwsPolicy(arn: string): Promise<ManagedPolicy | undefined> {
  const index = await loadIndex();
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const entry = Object.hasOwn(index, name) ? index[name] : undefined;
  if (entry === undefined) return undefined;
  const policy = describeAwsPolicy(name, entry);
  return policy.arn === arn ? policy : undefined;
}

/** All policies of AWS, sorted by name. */
export async function listAwsPolicies(): Promise<ManagedPolicy[]> {
  return Object.entries(await loadIndex()).map(([name, entry]) => describeAwsPolicy(name, entry));
}

/** The default version's document; undefined when it is not shipped. */
export async function loadAwsDocument(name: string): Promise<string | undefined> {
  const module = await import('./managed/documents.json', { with: { type: 'json' } });
  const documents: Readonly<Record<string, unknown>> = module.default;
  return Object.hasOwn(documents, name) ? JSON.stringify(documents[name]) : undefined;
}

async function loadIndex(): Promise<Readonly<Record<string, IndexEntry>>> {
  const module = await import('./managed/index.json', { with: { type: 'json' } });
  // The generator writes four-element rows; JSON has no tuples for the compiler to see.
  return module.default as unknown as Readonly<Record<string, IndexEntry>>;
}

function describeAwsPolicy(
  name: string,
  [path, createdSec, updatedSec, defaultVersionId]: IndexEntry,
): ManagedPolicy {
  return {
    name,
    path,
    id: awsPolicyId(name),
    arn: `${AWS_PREFIX.slice(0, -1)}${path}${name}`,
    createdAtMs: createdSec * 1000,
    updatedAtMs: updatedSec * 1000,
    defaultVersionId,
    versions: [],
    nextVersion: Number(defaultVersionId.slice(1)) + 1,
    tags: [],
  };
}

/** Differs: AWS's own ids are not in the data; these are stable, of the right form, and no one's. */
function awsPolicyId(name: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let hash = 0xcbf29ce484222325n;
  let id = '';
  for (let i = 0; i < 17; i++) {
    for (const char of name + String(i)) {
      hash = ((hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n) & 0xffffffffffffffffn;
    }
    id += alphabet.charAt(Number((hash >> 32n) & 31n));
  }
  return `ANPA${id}`;
}

/** The policy with one more version. */
export function addVersion(
  policy: ManagedPolicy,
  { document, setAsDefault, nowMs }: { document: string; setAsDefault: boolean; nowMs: number },
): { policy: ManagedPolicy; version: PolicyVersion } {
  const version: PolicyVersion = { id: `v${policy.nextVersion}`, document, createdAtMs: nowMs };
  return {
    version,
    policy: {
      ...policy,
      versions: [...policy.versions, version],
      nextVersion: policy.nextVersion + 1,
      updatedAtMs: nowMs,
      ...(setAsDefault ? { defaultVersionId: version.id } : {}),
    },
  };
}
