// Amazon Resource Names: parse and format.

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** All after the fifth colon, colons and slashes included. */
  readonly resource: string;
}

/** The parts of an ARN, or undefined when `text` is not one. */
export function parseArn(text: string): Arn | undefined {
  const [arn, partition, service, region, account, ...resource] = text.split(':');
  if (arn !== 'arn' || !partition || !service || resource.length === 0) return undefined;
  return { partition, service, region: region ?? '', account: account ?? '', resource: resource.join(':') };
}

/** `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE` */
export function formatArn(parts: {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}): string {
  return `arn:aws:${parts.service}:${parts.region}:${parts.account}:${parts.resource}`;
}
