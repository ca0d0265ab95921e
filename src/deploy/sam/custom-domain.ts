// Custom domains of APIs: the domain name, its mappings, and its records in Route 53.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { expectBoolean, expectMap, expectSet, expectTexts } from './expect.ts';
import { hashedId } from './logical-id.ts';
import { resourceProblem } from './sam-error.ts';
import { getAtt, isFilled, isSet, ref } from './values.ts';
import type { JsonMap } from './values.ts';

export interface DomainMaking {
  /** Of the API. */
  readonly logicalId: string;
  /** `Domain`, references resolved; missing members are filled in. */
  readonly domain: JsonMap;
  readonly attributes: JsonMap;
  readonly recordSets: Map<string, CfnResource>;
}

/** Of a REST API. */
export function makeRestDomain(making: DomainMaking): CfnResource[] {
  const { logicalId, domain, attributes } = making;
  const isPrivate = domain['EndpointConfiguration'] === 'PRIVATE';
  const owner = { resource: logicalId };
  const name = expectSet(domain['DomainName'], owner, 'Domain.DomainName');
  const certificate = expectSet(domain['CertificateArn'], owner, 'Domain.CertificateArn');
  const prefix = isPrivate ? 'ApiGatewayDomainNameV2' : 'ApiGatewayDomainName';
  const domainId = hashedId(prefix, name);
  if (!isPrivate) {
    domain['ApiDomainName'] = domainId;
    domain['EndpointConfiguration'] ??= 'REGIONAL';
  }
  const endpoint = domain['EndpointConfiguration'];
  if (endpoint !== 'EDGE' && endpoint !== 'REGIONAL' && endpoint !== 'PRIVATE') {
    throw resourceProblem(
      logicalId,
      "EndpointConfiguration for Custom Domains must be one of ['EDGE', 'REGIONAL', 'PRIVATE'].",
    );
  }
  const address = domain['IpAddressType'];
  const filled = (key: string): unknown => (isFilled(domain[key]) ? domain[key] : undefined);
  const made = make({
    logicalId: domainId,
    type: isPrivate ? 'AWS::ApiGateway::DomainNameV2' : 'AWS::ApiGateway::DomainName',
    attributes,
    properties: {
      DomainName: name,
      [endpoint === 'REGIONAL' ? 'RegionalCertificateArn' : 'CertificateArn']: certificate,
      EndpointConfiguration: {
        Types: [endpoint],
        ...(isFilled(address) ? { IpAddressType: address } : {}),
      },
      MutualTlsAuthentication: isPrivate ? undefined : restMutualTls(making),
      SecurityPolicy: filled('SecurityPolicy'),
      EndpointAccessMode: filled('EndpointAccessMode'),
      Policy: isPrivate ? filled('Policy') : undefined,
      OwnershipVerificationCertificateArn: isPrivate
        ? undefined
        : filled('OwnershipVerificationCertificateArn'),
    },
  });
  return [
    made,
    ...makeBasePaths(making, { domainId, isPrivate }),
    ...makeRecords(making, isPrivate ? name : domainId),
    ...(isPrivate ? makeAssociation(making, domainId) : []),
  ];
}

function restMutualTls({ logicalId, domain }: DomainMaking): JsonMap | undefined {
  const given = domain['MutualTlsAuthentication'];
  if (!isFilled(given)) return undefined;
  const path = 'Domain.MutualTlsAuthentication';
  const settings = expectMap(given, { resource: logicalId }, path);
  if (Object.keys(settings).some((key) => key !== 'TruststoreUri' && key !== 'TruststoreVersion')) {
    throw resourceProblem(
      logicalId,
      `Available ${path} fields are ['TruststoreUri', 'TruststoreVersion'].`,
    );
  }
  return trustStore(settings);
}

function trustStore(settings: JsonMap): JsonMap {
  const { TruststoreUri, TruststoreVersion } = settings;
  return {
    ...(isFilled(TruststoreUri) ? { TruststoreUri } : {}),
    ...(isFilled(TruststoreVersion) ? { TruststoreVersion } : {}),
  };
}

function basePathsOf(domain: JsonMap): unknown[] | undefined {
  const given = domain['BasePath'];
  if (!isFilled(given)) return undefined;
  if (typeof given === 'string') return [given];
  return Array.isArray(given) ? given : undefined;
}

function makeBasePaths(
  { logicalId, domain, attributes }: DomainMaking,
  { domainId, isPrivate }: { readonly domainId: string; readonly isPrivate: boolean },
): CfnResource[] {
  const mapping = (id: string, basePath: string | undefined): CfnResource =>
    make({
      logicalId: id,
      type: isPrivate ? 'AWS::ApiGateway::BasePathMappingV2' : 'AWS::ApiGateway::BasePathMapping',
      attributes,
      properties: {
        [isPrivate ? 'DomainNameArn' : 'DomainName']: ref(domainId),
        RestApiId: ref(logicalId),
        Stage: ref(`${logicalId}.Stage`),
        BasePath: basePath,
      },
    });
  const given = basePathsOf(domain);
  if (given === undefined) return [mapping(`${logicalId}BasePathMapping`, undefined)];
  const isNormalized = isFilled(domain['NormalizeBasePath'] ?? true);
  return expectTexts(given, { resource: logicalId }, 'Domain.BasePath').map((path) => {
    const plain = path.replace(/[^\p{L}\p{N}]/gu, '');
    return mapping(`${logicalId}${plain}BasePathMapping`, isNormalized ? plain : path);
  });
}

function makeAssociation(
  { logicalId, domain, attributes }: DomainMaking,
  domainId: string,
): CfnResource[] {
  const given = domain['AccessAssociation'];
  if (!isSet(given)) return [];
  const association = expectMap(given, { resource: logicalId }, 'Domain.AccessAssociation');
  const endpoint = association['VpcEndpointId'];
  return [
    make({
      logicalId: hashedId('DomainNameAccessAssociation', [endpoint ?? null, domainId]),
      type: 'AWS::ApiGateway::DomainNameAccessAssociation',
      attributes,
      properties: {
        DomainNameArn: ref(domainId),
        AccessAssociationSourceType: 'VPCE',
        AccessAssociationSource: endpoint,
      },
    }),
  ];
}

/** The record set group of the hosted zone, shared by all domains in it, or one of the domain's own. */
function makeRecords(making: DomainMaking, aliasId: unknown): CfnResource[] {
  const { logicalId, domain, attributes, recordSets } = making;
  if (!isSet(domain['Route53'])) return [];
  const route53 = expectMap(domain['Route53'], { resource: logicalId }, 'Domain.Route53');
  const { HostedZoneId: zoneId, HostedZoneName: zoneName } = route53;
  if (!isSet(zoneId) && !isSet(zoneName)) {
    throw resourceProblem(
      logicalId,
      'HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.',
    );
  }
  const zone = isFilled(zoneId) ? zoneId : zoneName;
  const isSeparate = isFilled(route53['SeparateRecordSetGroup']);
  if (isSeparate) {
    const path = 'Domain.Route53.SeparateRecordSetGroup';
    expectBoolean(route53['SeparateRecordSetGroup'], { resource: logicalId }, path);
  }
  const groupId = isSeparate
    ? hashedId('RecordSetGroup', [zone, domain['DomainName']])
    : `RecordSetGroup${hashedId('', zone)}`;
  const known = isSeparate ? undefined : recordSets.get(groupId);
  const group =
    known ??
    make({
      logicalId: groupId,
      type: 'AWS::Route53::RecordSetGroup',
      attributes,
      properties: { HostedZoneId: zoneId, HostedZoneName: zoneName, RecordSets: [] },
    });
  if (!isSeparate) recordSets.set(groupId, group);
  (group.properties['RecordSets'] as unknown[]).push(...makeRecordSets(making, route53, aliasId));
  return [group];
}

function makeRecordSets({ domain }: DomainMaking, route53: JsonMap, aliasId: unknown): JsonMap[] {
  const target = aliasTarget(domain, route53, String(aliasId));
  const routing = {
    ...(isSet(route53['Region']) ? { Region: route53['Region'] } : {}),
    ...(isSet(route53['SetIdentifier']) ? { SetIdentifier: route53['SetIdentifier'] } : {}),
  };
  const record = (type: string): JsonMap => ({
    Name: domain['DomainName'],
    Type: type,
    AliasTarget: { ...target },
    ...routing,
  });
  return route53['IpV6'] === true ? [record('A'), record('AAAA')] : [record('A')];
}

/** CloudFront's hosted zone, the same for all. Source: Route 53 API reference, AliasTarget. */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';

function aliasTarget(domain: JsonMap, route53: JsonMap, aliasId: string): JsonMap {
  const health = route53['EvaluateTargetHealth'];
  const common = isSet(health) ? { EvaluateTargetHealth: health } : {};
  switch (domain['EndpointConfiguration']) {
    case 'REGIONAL':
      return {
        ...common,
        HostedZoneId: getAtt(aliasId, 'RegionalHostedZoneId'),
        DNSName: getAtt(aliasId, 'RegionalDomainName'),
      };
    case 'EDGE':
      return {
        ...common,
        HostedZoneId: CLOUDFRONT_ZONE,
        DNSName: route53['DistributionDomainName'] ?? getAtt(aliasId, 'DistributionDomainName'),
      };
    default:
      return {
        ...common,
        HostedZoneId: route53['VpcEndpointHostedZoneId'] ?? null,
        DNSName: route53['VpcEndpointDomainName'] ?? null,
      };
  }
}

/** Of an HTTP or WebSocket API. @param tag marks the domain as made by the transform; HTTP APIs only. */
export function makeHttpDomain(making: DomainMaking, tag: string | undefined): CfnResource[] {
  const { logicalId, domain, attributes } = making;
  const { DomainName: name, CertificateArn: certificate } = domain;
  if (!isSet(name) || !isSet(certificate)) {
    throw resourceProblem(
      logicalId,
      'Custom Domains only works if both DomainName and CertificateArn are provided.',
    );
  }
  const domainId = hashedId('ApiGatewayDomainNameV2', name);
  domain['ApiDomainName'] = domainId;
  domain['EndpointConfiguration'] ??= 'REGIONAL';
  if (domain['EndpointConfiguration'] !== 'REGIONAL') {
    throw resourceProblem(
      logicalId,
      "EndpointConfiguration for Custom Domains must be one of ['REGIONAL'].",
    );
  }
  const verification = domain['OwnershipVerificationCertificateArn'];
  const policy = domain['SecurityPolicy'];
  const made = make({
    logicalId: domainId,
    type: 'AWS::ApiGatewayV2::DomainName',
    attributes,
    properties: {
      DomainName: name,
      DomainNameConfigurations: [
        {
          CertificateArn: certificate,
          EndpointType: 'REGIONAL',
          ...(isFilled(verification) ? { OwnershipVerificationCertificateArn: verification } : {}),
          ...(isFilled(policy) ? { SecurityPolicy: policy } : {}),
        },
      ],
      MutualTlsAuthentication: httpMutualTls(making),
      Tags: tag === undefined ? undefined : { [tag]: 'SAM' },
    },
  });
  return [made, ...makeApiMappings(making, domainId), ...makeRecords(making, domainId)];
}

function httpMutualTls({ logicalId, domain }: DomainMaking): JsonMap | undefined {
  const given = domain['MutualTlsAuthentication'];
  if (!isFilled(given)) return undefined;
  const fields = "['TruststoreUri', 'TruststoreVersion']";
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw resourceProblem(
      logicalId,
      `MutualTlsAuthentication must be a map with at least one of the following fields ${fields}.`,
    );
  }
  const settings = given as JsonMap;
  const invalid = Object.keys(settings).filter(
    (key) => key !== 'TruststoreUri' && key !== 'TruststoreVersion',
  );
  if (invalid.length > 0) {
    throw resourceProblem(
      invalid.toSorted().join(','),
      `Available MutualTlsAuthentication fields are ${fields}.`,
    );
  }
  return trustStore(settings);
}

function makeApiMappings(
  { logicalId, domain, attributes }: DomainMaking,
  domainId: string,
): CfnResource[] {
  const mapping = (id: string, key: string | undefined): CfnResource =>
    make({
      logicalId: id,
      type: 'AWS::ApiGatewayV2::ApiMapping',
      attributes,
      properties: {
        DomainName: ref(domainId),
        ApiId: ref(logicalId),
        Stage: ref(`${logicalId}.Stage`),
        ApiMappingKey: key,
      },
    });
  const given = basePathsOf(domain);
  if (given === undefined) return [mapping(`${logicalId}ApiMapping`, undefined)];
  return given.map((path) => {
    if (typeof path !== 'string') throw resourceProblem(logicalId, 'Basepath must be a string.');
    if (/[^0-9a-zA-Z/\-_]/.test(path))
      throw resourceProblem(logicalId, 'Invalid Basepath name provided.');
    const id = `${logicalId}${path.replace(/[-_/]+/g, '')}ApiMapping`;
    return mapping(id, path.replace(/^\/+|\/+$/g, ''));
  });
}
