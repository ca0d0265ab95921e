// Reads a template's text, JSON or YAML with CloudFormation's short tags, into plain data.
import {
  LineCounter,
  Pair,
  Scalar,
  YAMLMap,
  isMap,
  isNode,
  isScalar,
  parseDocument,
  visit,
} from 'yaml';
import type { Document, Tags, YAMLSeq } from 'yaml';
import { isDeepJson, isDeepYaml } from '../base/nesting.ts';
import { TemplateError } from '../kernel/templates.ts';

export type PlainObject = Readonly<Record<string, unknown>>;

export interface ParsedTemplate {
  readonly content: PlainObject;
  /** `line:column` of the value at a path, when it can be told. */
  locate(path: readonly (string | number)[]): string | undefined;
}

const SHORT_FUNCTIONS = [
  'And',
  'Base64',
  'Cidr',
  'Equals',
  'FindInMap',
  'GetAtt',
  'GetAZs',
  'If',
  'ImportValue',
  'Join',
  'Length',
  'Not',
  'Or',
  'Select',
  'Split',
  'Sub',
  'ToJsonString',
  'Transform',
];

// CloudFormation reads YAML 1.1 but keeps dates and times of day as text, so these types are left out.
// `N` (a DynamoDB type) and `012345678901` (an account) are text too, as in PyYAML, hence own rules.
const DROPPED_TYPES = new Set([
  'tag:yaml.org,2002:bool',
  'tag:yaml.org,2002:int',
  'tag:yaml.org,2002:float',
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
]);

const PLAIN_TYPES = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    resolve: (text: string) => /^(?:yes|true|on)$/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?(?:0|[1-9][0-9_]*)$/,
    resolve: (text: string) => Number(text.replaceAll('_', '')),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    format: 'HEX',
    test: /^0x[0-9a-fA-F]+$/,
    resolve: Number,
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    // A dot alone is text; so are .inf and .nan, which JSON does not have.
    test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$/,
    resolve: (text: string) => Number(text.replaceAll('_', '')),
  },
];

export function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws TemplateError with the position of the first mistake. */
export function parseTemplate(text: string): ParsedTemplate {
  const looksLikeJson = /^\s*\{/.test(text);
  const content = looksLikeJson ? parseJson(text) : parseYaml(text).content;
  if (!isObject(content)) throw new TemplateError('Template format error: unsupported structure.');
  return {
    content,
    // A JSON text is YAML too; it is read again only when a position is wanted.
    locate: (path) => {
      try {
        return locate(parseYaml(text), path);
      } catch {
        return undefined;
      }
    },
  };
}

function parseJson(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    if (isDeepJson(text)) throw nestedTooDeeply();
    return content;
  } catch (cause) {
    if (cause instanceof TemplateError) throw cause;
    // Flow-style YAML starts with a brace as well.
    const yaml = tryYaml(text);
    if (yaml !== undefined) return yaml;
    const offset = Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0);
    const before = text.slice(0, offset).split('\n');
    const where = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    throw notWellFormed('JSON', where);
  }
}

function tryYaml(text: string): unknown {
  try {
    return parseYaml(text).content;
  } catch {
    return undefined;
  }
}

interface YamlText {
  readonly content: unknown;
  readonly document: Document;
  readonly lines: LineCounter;
}

function parseYaml(text: string): YamlText {
  if (isDeepYaml(text)) throw nestedTooDeeply();
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    lineCounter: lines,
    customTags: (standard) => [...standard.filter(isKept), ...PLAIN_TYPES, ...shortTags()] as Tags,
  });
  const problem =
    document.errors[0] ??
    document.warnings.find((warning) => warning.code === 'TAG_RESOLVE_FAILED');
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw notWellFormed('YAML', `${line}:${col}`);
  }
  visit(document, { Pair: keepKeyText });
  try {
    const content: unknown = document.toJS({ maxAliasCount: 1000 });
    // An alias inside of its own anchor makes a value without an end; this throws for one.
    JSON.stringify(content);
    return { content, document, lines };
  } catch {
    throw notWellFormed('YAML', '1:1');
  }
}

/** Keys are text, whatever they look like: an account number in a mapping, `on` in a workflow. */
function keepKeyText(_: unknown, pair: Pair): void {
  const { key } = pair;
  if (isScalar(key) && typeof key.value !== 'string' && key.source !== undefined)
    key.value = key.source;
}

function nestedTooDeeply(): TemplateError {
  return new TemplateError('Template format error: the template is nested too deeply.');
}

function notWellFormed(language: 'JSON' | 'YAML', where: string): TemplateError {
  const [line, column] = where.split(':');
  return new TemplateError(
    `Template format error: ${language} not well-formed. (line ${line}, column ${column})`,
    { where },
  );
}

function isKept(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return true;
  const isTimeOfDay = 'format' in tag && tag.format === 'TIME';
  return !isTimeOfDay && !DROPPED_TYPES.has(tag.tag);
}

/** Each short tag as scalar, list and map; they become the long form. */
function shortTags(): unknown[] {
  const names = [
    ...SHORT_FUNCTIONS.map((name) => [`!${name}`, `Fn::${name}`]),
    ['!Ref', 'Ref'],
    ['!Condition', 'Condition'],
  ];
  return names.flatMap(([tag = '', key = '']) => [
    {
      tag,
      resolve: (text: string) => ({ [key]: key === 'Fn::GetAtt' ? splitAttribute(text) : text }),
    },
    { tag, collection: 'seq', resolve: (list: YAMLSeq) => wrap(key, list) },
    { tag, collection: 'map', resolve: (map: YAMLMap) => wrap(key, map) },
  ]);
}

/** `Resource.Attribute.Part` → `['Resource', 'Attribute.Part']` */
export function splitAttribute(text: string): string | string[] {
  const dot = text.indexOf('.');
  return dot === -1 ? text : [text.slice(0, dot), text.slice(dot + 1)];
}

function wrap(key: string, inner: YAMLSeq | YAMLMap): YAMLMap {
  const outer = new YAMLMap();
  outer.items.push(new Pair(new Scalar(key), inner));
  return outer;
}

function locate(text: YamlText, path: readonly (string | number)[]): string | undefined {
  let found: string | undefined;
  for (let depth = path.length; depth > 0 && found === undefined; depth--) {
    const parent =
      depth === 1 ? text.document.contents : text.document.getIn(path.slice(0, depth - 1), true);
    const key = isMap(parent)
      ? parent.items.find((item) => isNode(item.key) && item.key.toJSON() === path[depth - 1])?.key
      : text.document.getIn(path.slice(0, depth), true);
    const start = isNode(key) ? key.range?.[0] : undefined;
    if (start !== undefined) {
      const { line, col } = text.lines.linePos(start);
      found = `${line}:${col}`;
    }
  }
  return found;
}
