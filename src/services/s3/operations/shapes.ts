// Between the SDK's shapes and the domain's: tags, dates, owners, grants, entity tags.
import type { Grant, Grantee, RawGrant } from '../acl.ts';
import { malformedXml } from '../errors.ts';
import { canonicalUserId } from '../owner.ts';
import type { Tag } from '../tags.ts';

/** The answer of operations that only do something. */
export type Empty = Record<string, never>;

export function readTags(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tag[] {
  return (tags ?? []).map(({ Key, Value }) => {
    if (Key === undefined || Value === undefined) throw malformedXml();
    return { key: Key, value: Value };
  });
}

export function showTags(tags: readonly Tag[]): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** S3 knows whole seconds: dates in XML end with `.000Z`. */
export function showTime(epochMs: number): Date {
  return new Date(Math.floor(epochMs / 1000) * 1000);
}

export function showEtag(etag: string): string {
  return `"${etag}"`;
}

// AWS: no DisplayName since November 2025. S3 API reference, Owner.
export function showOwner(account: string): { ID: string } {
  return { ID: canonicalUserId(account) };
}

interface ShownGrant {
  Grantee: {
    Type: 'CanonicalUser' | 'Group' | 'AmazonCustomerByEmail';
    ID?: string;
    URI?: string;
    EmailAddress?: string;
  };
  Permission: Grant['permission'];
}

export function showGrants(grants: readonly Grant[]): ShownGrant[] {
  return grants.map(({ grantee, permission }) => ({
    Grantee: showGrantee(grantee),
    Permission: permission,
  }));
}

function showGrantee(grantee: Grantee): ShownGrant['Grantee'] {
  switch (grantee.kind) {
    case 'user':
      return { Type: 'CanonicalUser', ID: grantee.id };
    case 'group':
      return { Type: 'Group', URI: grantee.uri };
    case 'email':
      return { Type: 'AmazonCustomerByEmail', EmailAddress: grantee.email };
  }
}

interface GrantShape {
  readonly Grantee?:
    | {
        readonly Type?: string | undefined;
        readonly ID?: string | undefined;
        readonly URI?: string | undefined;
        readonly EmailAddress?: string | undefined;
      }
    | undefined;
  readonly Permission?: string | undefined;
}

export function readGrants(grants: readonly GrantShape[]): RawGrant[] {
  return grants.map(({ Grantee, Permission }) => ({
    type: Grantee?.Type,
    id: Grantee?.ID,
    uri: Grantee?.URI,
    email: Grantee?.EmailAddress,
    permission: Permission,
  }));
}
