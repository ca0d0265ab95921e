// The wire protocols by name.
import { createJsonRpcProtocol } from './json-rpc.ts';
import type { Protocol } from './protocol.ts';
import { createQueryProtocol } from './query.ts';
import { restJson1 } from './rest-json.ts';
import { restXml } from './rest-xml.ts';
import { rpcv2Cbor } from './rpc-cbor.ts';
import type { ProtocolName } from './service-model.ts';

const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  awsJson1_0: createJsonRpcProtocol('awsJson1_0'),
  awsJson1_1: createJsonRpcProtocol('awsJson1_1'),
  awsQuery: createQueryProtocol('awsQuery'),
  ec2Query: createQueryProtocol('ec2Query'),
  restJson1,
  restXml,
  rpcv2Cbor,
};

export function protocolNamed(name: ProtocolName): Protocol {
  return PROTOCOLS[name];
}
