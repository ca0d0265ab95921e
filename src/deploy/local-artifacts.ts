// Local files that a template refers to, and the same template with their places in S3.
// <AWS CLI reference, "aws cloudformation package": which properties of which types are packaged>
import { type PlainObject, isObject } from './parse-template.ts';

export interface LocalArtifact {
  readonly logicalId: string;
  /** e.g. `CodeUri` */
  readonly property: string;
  /** As written: relative to the template. */
  readonly path: string;
  readonly kind: 'function' | 'layer' | 'definition' | 'template';
  readonly runtime?: string;
  readonly handler?: string;
  /** From the resource's Metadata, as `sam build` reads it. */
  readonly build?: BuildSettings;
}

/** <SAM developer guide, "Building Node.js Lambda functions with esbuild in AWS SAM"> */
export interface BuildSettings {
  readonly method?: string;
  readonly entryPoints?: readonly string[];
  readonly external?: readonly string[];
  readonly format?: string;
  readonly target?: string;
  readonly minify?: boolean;
  readonly sourcemap?: boolean;
  readonly mainFields?: string[];
  readonly outExtension?: Record<string, string>;
  readonly banner?: Record<string, string>;
  readonly loader?: Record<string, 'text' | 'json' | 'file' | 'binary' | 'base64' | 'copy'>;
}

/** Where an artifact went. */
export interface ArtifactLocation {
  readonly bucket: string;
  readonly key: string;
}

interface Slot {
  readonly property: string;
  readonly kind: LocalArtifact['kind'];
  readonly write: (location: ArtifactLocation) => unknown;
}

const s3Uri = ({ bucket, key }: ArtifactLocation): string => `s3://${bucket}/${key}`;
const s3Pair = ({ bucket, key }: ArtifactLocation): PlainObject => ({ S3Bucket: bucket, S3Key: key });
const plainPair = ({ bucket, key }: ArtifactLocation): PlainObject => ({ Bucket: bucket, Key: key });
const httpsUrl = ({ bucket, key }: ArtifactLocation): string => `https://s3.amazonaws.com/${bucket}/${key}`;

const SLOTS: Readonly<Record<string, Slot>> = {
  'AWS::Serverless::Function': { property: 'CodeUri', kind: 'function', write: s3Uri },
  'AWS::Serverless::LayerVersion': { property: 'ContentUri', kind: 'layer', write: s3Uri },
  'AWS::Serverless::Api': { property: 'DefinitionUri', kind: 'definition', write: s3Uri },
  'AWS::Serverless::HttpApi': { property: 'DefinitionUri', kind: 'definition', write: s3Uri },
  'AWS::Serverless::StateMachine': { property: 'DefinitionUri', kind: 'definition', write: s3Uri },
  'AWS::Serverless::Application': { property: 'Location', kind: 'template', write: httpsUrl },
  'AWS::Lambda::Function': { property: 'Code', kind: 'function', write: s3Pair },
  'AWS::Lambda::LayerVersion': { property: 'Content', kind: 'layer', write: s3Pair },
  'AWS::ApiGateway::RestApi': { property: 'BodyS3Location', kind: 'definition', write: plainPair },
  'AWS::CloudFormation::Stack': { property: 'TemplateURL', kind: 'template', write: httpsUrl },
  'AWS::StepFunctions::StateMachine': {
    property: 'DefinitionS3Location',
    kind: 'definition',
    write: plainPair,
  },
};

/** Every property whose value is a local path, in the order of the template. */
export function listLocalArtifacts(content: PlainObject): LocalArtifact[] {
  const globals = objectAt(objectAt(content, 'Globals'), 'Function');
  const artifacts: LocalArtifact[] = [];
  for (const [logicalId, resource] of Object.entries(objectAt(content, 'Resources'))) {
    if (!isObject(resource)) continue;
    const type = textAt(resource, 'Type') ?? '';
    const slot = SLOTS[type];
    if (slot === undefined) continue;
    const isServerless = type === 'AWS::Serverless::Function';
    const properties = { ...(isServerless ? globals : {}), ...objectAt(resource, 'Properties') };
    const path = localPath(properties, slot, isServerless);
    if (path === undefined) continue;
    const runtime = textAt(properties, 'Runtime');
    const handler = textAt(properties, 'Handler');
    const build = readBuild(objectAt(resource, 'Metadata'));
    artifacts.push({
      logicalId,
      property: slot.property,
      path,
      kind: slot.kind,
      ...(runtime === undefined ? {} : { runtime }),
      ...(handler === undefined ? {} : { handler }),
      ...(build === undefined ? {} : { build }),
    });
  }
  return artifacts;
}

/** @param locations by `LOGICALID.PROPERTY`. */
export function replaceLocalArtifacts(
  content: PlainObject,
  locations: ReadonlyMap<string, ArtifactLocation>,
): PlainObject {
  const resources = Object.entries(objectAt(content, 'Resources')).map(([logicalId, resource]) => {
    const slot = isObject(resource) ? SLOTS[textAt(resource, 'Type') ?? ''] : undefined;
    const location = slot && locations.get(`${logicalId}.${slot.property}`);
    if (!isObject(resource) || slot === undefined || location === undefined) return [logicalId, resource];
    const properties = { ...objectAt(resource, 'Properties'), [slot.property]: slot.write(location) };
    return [logicalId, { ...resource, Properties: properties }];
  });
  return { ...content, Resources: Object.fromEntries(resources) };
}

function localPath(properties: PlainObject, slot: Slot, isServerless: boolean): string | undefined {
  const value = properties[slot.property];
  // SAM: a function without code of any kind is the folder of the template.
  const hasOther = ['InlineCode', 'ImageUri'].some((name) => properties[name] !== undefined);
  if (value === undefined && isServerless && !hasOther && properties['PackageType'] !== 'Image') return '.';
  if (typeof value !== 'string' || /^(s3|https?|arn):/.test(value)) return undefined;
  return value;
}

function readBuild(metadata: PlainObject): BuildSettings | undefined {
  const method = textAt(metadata, 'BuildMethod');
  const properties = objectAt(metadata, 'BuildProperties');
  if (method === undefined) return undefined;
  const pairs = (name: string, separator: string): Record<string, string> =>
    Object.fromEntries(
      (texts(properties[name]) ?? []).map((pair) => {
        const at = pair.indexOf(separator);
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    );
  const settings: Record<string, unknown> = {
    method,
    entryPoints: texts(properties['EntryPoints']),
    external: texts(properties['External']),
    format: textAt(properties, 'Format'),
    target: textAt(properties, 'Target'),
    minify: booleanAt(properties, 'Minify'),
    sourcemap: booleanAt(properties, 'Sourcemap'),
    mainFields: textAt(properties, 'MainFields')?.split(','),
    outExtension: properties['OutExtension'] === undefined ? undefined : pairs('OutExtension', '='),
    loader: properties['Loader'] === undefined ? undefined : pairs('Loader', '='),
    banner: properties['Banner'] === undefined ? undefined : bannerOf(properties['Banner']),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as BuildSettings;
}

/** `js=…` entries, or an object. */
function bannerOf(value: unknown): Record<string, string> {
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, String(v)]));
  return Object.fromEntries(
    (texts(value) ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function objectAt(object: PlainObject, name: string): PlainObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

function textAt(object: PlainObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

function booleanAt(object: PlainObject, name: string): boolean | undefined {
  const value = object[name];
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.toLowerCase() === 'true' : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : undefined;
}
