// Access control lists: canned ones, grant headers and policies, as lists of grants.
import { invalidArgument, malformedAcl } from './errors.ts';

export type Permission = 'FULL_CONTROL' | 'READ' | 'READ_ACP' | 'WRITE' | 'WRITE_ACP';

export type Grantee =
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'group'; readonly uri: string }
  | { readonly kind: 'email'; readonly email: string };

export interface Grant {
  readonly grantee: Grantee;
  readonly permission: Permission;
}

const PERMISSIONS: readonly string[] = ['FULL_CONTROL', 'READ', 'READ_ACP', 'WRITE', 'WRITE_ACP'];
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';
const AUTHENTICATED_USERS = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
const GROUPS: readonly string[] = [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY];
/** EC2's own account, for `aws-exec-read`. S3 user guide, "Canned ACL". */
const EXEC_USER = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c';

export interface Owners {
  /** Canonical id of who wrote it. */
  readonly owner: string;
  readonly bucketOwner: string;
}

/** The grants of a canned ACL. S3 user guide, "Canned ACL". Throws InvalidArgument for another name. */
export function cannedGrants(name: string, { owner, bucketOwner }: Owners): Grant[] {
  const own: Grant = { grantee: { kind: 'user', id: owner }, permission: 'FULL_CONTROL' };
  const group = (uri: string, permission: Permission): Grant => ({
    grantee: { kind: 'group', uri },
    permission,
  });
  const user = (id: string, permission: Permission): Grant => ({
    grantee: { kind: 'user', id },
    permission,
  });
  switch (name) {
    case 'private':
      return [own];
    case 'public-read':
      return [own, group(ALL_USERS, 'READ')];
    case 'public-read-write':
      return [own, group(ALL_USERS, 'READ'), group(ALL_USERS, 'WRITE')];
    case 'authenticated-read':
      return [own, group(AUTHENTICATED_USERS, 'READ')];
    case 'aws-exec-read':
      return [own, user(EXEC_USER, 'READ')];
    case 'bucket-owner-read':
      return owner === bucketOwner ? [own] : [own, user(bucketOwner, 'READ')];
    case 'bucket-owner-full-control':
      return owner === bucketOwner ? [own] : [own, user(bucketOwner, 'FULL_CONTROL')];
    case 'log-delivery-write':
      return [own, group(LOG_DELIVERY, 'WRITE'), group(LOG_DELIVERY, 'READ_ACP')];
    default:
      throw invalidArgument('', 'x-amz-acl', name);
  }
}

/** One `x-amz-grant-*` header: `id="…", uri="…"`. */
export function parseGrantHeader(header: string, permission: Permission): Grant[] {
  const headerName = `x-amz-grant-${permission.toLowerCase().replaceAll('_', '-')}`;
  return header.split(',').map((entry) => {
    const at = entry.indexOf('=');
    const kind = entry.slice(0, at).trim();
    const value = entry.slice(at + 1).trim().replace(/^"|"$/g, '');
    switch (at === -1 ? '' : kind) {
      case 'uri':
        if (!GROUPS.includes(value)) throw invalidArgument('Invalid group uri', 'uri', value);
        return { grantee: { kind: 'group', uri: value }, permission };
      case 'id':
        if (!isCanonicalId(value)) throw invalidArgument('Invalid id', 'id', value);
        return { grantee: { kind: 'user', id: value }, permission };
      case 'emailAddress':
        return { grantee: { kind: 'email', email: value }, permission };
      default:
        throw invalidArgument('Argument format not recognized', headerName, entry.trim());
    }
  });
}

/** A grant as a policy document carries it, before it was looked at. */
export interface RawGrant {
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  readonly uri?: string | undefined;
  readonly email?: string | undefined;
  readonly permission?: string | undefined;
}

/** The grants of an AccessControlPolicy. */
export function checkPolicyGrants(ownerId: string | undefined, grants: readonly RawGrant[]): Grant[] {
  if (!isCanonicalId(ownerId ?? '')) {
    throw invalidArgument('Invalid id', 'CanonicalUser/ID', ownerId ?? '');
  }
  return grants.map((grant) => {
    if (!isPermission(grant.permission)) throw malformedAcl();
    return { grantee: checkGrantee(grant), permission: grant.permission };
  });
}

function checkGrantee({ type, id = '', uri = '', email = '' }: RawGrant): Grantee {
  switch (type) {
    case 'Group':
      if (!GROUPS.includes(uri)) throw invalidArgument('Invalid group uri', 'Group/URI', uri);
      return { kind: 'group', uri };
    case 'CanonicalUser':
      if (!isCanonicalId(id)) throw invalidArgument('Invalid id', 'CanonicalUser/ID', id);
      return { kind: 'user', id };
    case 'AmazonCustomerByEmail':
      return { kind: 'email', email };
    case undefined:
    default:
      throw malformedAcl();
  }
}

/** Whether anyone beyond named users is let in: what BlockPublicAcls refuses. */
export function isPublic(grants: readonly Grant[]): boolean {
  return grants.some(
    ({ grantee }) =>
      grantee.kind === 'group' && (grantee.uri === ALL_USERS || grantee.uri === AUTHENTICATED_USERS),
  );
}

function isPermission(text: string | undefined): text is Permission {
  return text !== undefined && PERMISSIONS.includes(text);
}

function isCanonicalId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
