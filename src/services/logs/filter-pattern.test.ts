// Filter patterns against the examples of AWS's documentation.
import { expect, test } from 'vitest';
import { compileFilterPattern } from './filter-pattern.ts';

const matches = (pattern: string, message: string): boolean =>
  compileFilterPattern(pattern)(message) !== undefined;

// Source: CloudWatch Logs User Guide, "Match terms in unstructured log events" and "Regex".
const UNSTRUCTURED: readonly [pattern: string, message: string, matches: boolean][] = [
  ['', 'anything', true],
  ['ERROR', '[ERROR 400] BAD REQUEST', true],
  ['ERROR', '[ERROR 401] UNAUTHORIZED REQUEST', true],
  ['ERROR', '[error 400] bad request', false],
  ['ERROR', '[WARN] slow', false],
  ['ERROR ARGUMENTS', '[ERROR 419] MISSING ARGUMENTS', true],
  ['ERROR ARGUMENTS', '[ERROR 420] INVALID ARGUMENTS', true],
  ['ERROR ARGUMENTS', '[ERROR 400] BAD REQUEST', false],
  ['?ERROR ?ARGUMENTS', '[ERROR 400] BAD REQUEST', true],
  ['?ERROR ?ARGUMENTS', 'MISSING ARGUMENTS', true],
  ['?ERROR ?ARGUMENTS', 'OK', false],
  ['"INTERNAL SERVER ERROR"', '[ERROR 500] INTERNAL SERVER ERROR', true],
  ['"INTERNAL SERVER ERROR"', 'SERVER INTERNAL ERROR', false],
  ['ERROR -ARGUMENTS', '[ERROR 400] BAD REQUEST', true],
  ['ERROR -ARGUMENTS', '[ERROR 419] MISSING ARGUMENTS', false],
  ['-ERROR', 'fine', true],
  ['?ERROR ?WARN INFO', 'INFO only', true],
  ['%AUTHORIZED%', '[ERROR 401] UNAUTHORIZED REQUEST', true],
  ['%AUTHORIZED%', '[SUCCESS 200] AUTHORIZED REQUEST', true],
  ['%^[hc]at%', 'hat stand', true],
  ['%^[hc]at%', 'that', false],
  ['%[hc]at$%', 'my cat', true],
  ['%colou?r%', 'color', true],
  ['%a{3,5}%', 'aa', false],
  ['%\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}%', 'from 10.0.0.1 it came', true],
  ['%gra|ey%', 'they', true],
];

test.each(UNSTRUCTURED)('terms %j on %j: %s', (pattern, message, expected) => {
  expect(matches(pattern, message)).toBe(expected);
});

// Source: CloudWatch Logs User Guide, "Match terms in JSON log events": the event of its examples.
const EVENT = JSON.stringify({
  eventType: 'UpdateTrail',
  sourceIPAddress: '111.111.111.111',
  arrayKey: ['value', 'another value'],
  objectList: [
    { name: 'a', id: 1 },
    { name: 'b', id: 2 },
  ],
  SomeObject: null,
  cluster: 'c',
});

const JSON_CASES: readonly [pattern: string, matches: boolean][] = [
  ['{ $.eventType = "UpdateTrail" }', true],
  ['{ $.eventType = "UpdateTrai" }', false],
  ['{ $.eventType = "Update*" }', true],
  ['{ $.eventType != "UpdateTrail" }', false],
  ['{ $.sourceIPAddress != 123.123.* }', true],
  ['{ $.sourceIPAddress = 111.111.* }', true],
  ['{ $.arrayKey[0] = "value" }', true],
  ['{ $.arrayKey[1] = "value" }', false],
  ['{ $.arrayKey[*] = "another value" }', true],
  ['{ $.eventType = %Trail% }', true],
  ['{ $.arrayKey[0] = %^val% }', true],
  ['{ $.eventType != %Trail% }', false],
  ['{ $.objectList[1].id = 2 }', true],
  ['{ $.objectList[1].id > 2 }', false],
  ['{ $.objectList[1].id >= 2 }', true],
  ['{ $.objectList[1].id < 3e0 }', true],
  ['{ $.objectList[0].id != 2 }', true],
  ['{ $.SomeObject IS NULL }', true],
  ['{ $.cluster IS NULL }', false],
  ['{ $.SomeOtherObject NOT EXISTS }', true],
  ['{ $.cluster NOT EXISTS }', false],
  ['{ $.cluster = "*" }', true],
  ['{ $.missing = "*" }', false],
  ['{ $.missing != "x" }', false],
  ['{ ($.eventType = "UpdateTrail") && ($.objectList[1].id = 2) }', true],
  ['{ $.eventType = "x" || $.cluster = "c" }', true],
  ['{ $.eventType = "x" && $.cluster = "c" || $.cluster = "c" }', true],
  ['{ $.eventType = "x" && ($.cluster = "c" || $.cluster = "c") }', false],
];

test.each(JSON_CASES)('JSON %j: %s', (pattern, expected) => {
  expect(matches(pattern, EVENT)).toBe(expected);
});

// Source: the same page, "Pattern matching using compound expressions".
const USER = '{"user": {"id": 1, "email": "John.Stiles@example.com"}, "users": [{"id": 2}], "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6]], "ok": true, "off": false, "a.b": 1}';

test.each([
  ['{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', false],
  ['{ ($.user.id = 1) && ($.users[0].id = 2) || ($.actions[2] = "GET") }', true],
  ['{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }', true],
  ['{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }', false],
  ['{ $.coordinates[1][2] = 6 }', true],
  ['{ $.ok IS TRUE }', true],
  ['{ $.off IS TRUE }', false],
  ['{ $.off IS FALSE }', true],
  ["{ $.['a.b'] = 1 }", true],
])('compound JSON %j: %s', (pattern, expected) => {
  expect(matches(pattern, USER)).toBe(expected);
});

test('events that are no JSON never match a JSON pattern', () => {
  expect(matches('{ $.a NOT EXISTS }', 'plain text')).toBe(false);
  expect(matches('{ $.a NOT EXISTS }', '{broken')).toBe(false);
});

// Source: CloudWatch Logs User Guide, "Match terms in space-delimited log events".
const LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';

test.each([
  ['[ip, server, username, timestamp, request, status_code, bytes > 1000]', true],
  ['[ip, server, username, timestamp, request, status_code, bytes > 2000]', false],
  ['[ip, server, username, timestamp, request, status_code = 404, bytes]', true],
  ['[ip, server, username, timestamp, request =*.html*, status_code = 4*, bytes]', true],
  ['[ip, server, username, timestamp, request =*.html*, status_code = 5*, bytes]', false],
  ['[..., status_code = 4*, bytes]', true],
  ['[ip, ..., bytes = 1534]', true],
  ['[ip, server, ...]', true],
  ['[ip, server]', false],
  ['[ip=%127\\.0\\.0\\.[1-9]%, ...]', true],
  ['[ip, server, username, timestamp, request, (status_code = 404 || status_code = 410), bytes]', true],
  ['[ip, server, username, timestamp, request, status_code >= 400 && status_code < 404, bytes]', false],
  ['[ip, server, username != frank, ...]', false],
  ['[,,,,,status_code = 404,]', true],
])('fields %j: %s', (pattern, expected) => {
  expect(matches(pattern, LINE)).toBe(expected);
});

test('a match tells the values it read', () => {
  expect(compileFilterPattern('[ip, ..., status_code = 4*, bytes]')(LINE)).toEqual({
    $ip: '127.0.0.1',
    $status_code: '404',
    $bytes: '1534',
  });
  expect(compileFilterPattern('{ $.eventType = "*" && $.objectList[1].id = 2 }')(EVENT)).toEqual({
    '$.eventType': 'UpdateTrail',
    '$.objectList[1].id': '2',
  });
});

test.each(['{ $.a = }', '{ $.a = 1', '{ a = 1 }', '[ip, server', '[ip ? x]', '"open', '%(group)%', '{ $.a = 1 } x', '!'])(
  '%j is no pattern',
  (pattern) => {
    expect(() => compileFilterPattern(pattern)).toThrow(/Invalid/);
  },
);
