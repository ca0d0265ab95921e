// Nesting told apart: what a parser may be given, and what would exhaust its stack.
import { describe, expect, test } from 'vitest';
import { isDeepJson, isDeepYaml } from './nesting.ts';

describe('JSON', () => {
  test.each<[string, boolean]>([
    ['{"a":[1,{"b":"c"}]}', false],
    [`${'['.repeat(200)}${']'.repeat(200)}`, false],
    [`${'['.repeat(201)}${']'.repeat(201)}`, true],
    ['{"a":'.repeat(1000), true],
    [`["${'['.repeat(1000)}"]`, false],
    [`["\\"${'['.repeat(1000)}"]`, false],
    [`["\\\\",${'['.repeat(1000)}`, true],
    [`[${'[],'.repeat(1000)}1]`, false],
  ])('%#', (text, isDeep) => {
    expect(isDeepJson(text)).toBe(isDeep);
  });
});

describe('YAML', () => {
  test.each<[string, string, boolean]>([
    ['a template', 'Resources:\n  A:\n    - {a: [1, 2]}\n    - "b"\n', false],
    ['brackets', '['.repeat(101), true],
    ['brackets over lines', '{a:\n'.repeat(101), true],
    ['brackets that quotes and comments do not hide', `# "\n${'['.repeat(101)}`, true],
    ['closed brackets', '[a]: {b}\n'.repeat(1000), false],
    ['sequences on a line', `${'- '.repeat(60)}a`, true],
    ['keys on a line', `  ${'? '.repeat(60)}a`, true],
    ['both, with tabs', `${'-\t? '.repeat(30)}a`, true],
    ['a long list', '- a\n'.repeat(1000), false],
    ['a rule', `a: b\n${'-'.repeat(300)}\n`, false],
    ['indentation', `${' '.repeat(401)}a: b`, true],
  ])('%s', (_, text, isDeep) => {
    expect(isDeepYaml(text)).toBe(isDeep);
  });
});
