// Each service has one row, and its row agrees with the SDK's own schemas and botocore's model.
import { describe, expect, test } from 'vitest';
import { loadSchemas } from './schemas.ts';
import type { ServiceId } from './operations.ts';
import { SERVICE_ROWS } from './services.ts';

describe('service rows', () => {
  test('ids are unique, and signing names too unless target prefixes tell services apart', () => {
    const distinct = (names: readonly string[]): number => new Set(names).size;
    const names = SERVICE_ROWS.map(({ signingName, targetPrefix = '' }) => `${signingName} ${targetPrefix}`);
    const untargeted = SERVICE_ROWS.filter(({ targetPrefix }) => targetPrefix === undefined);
    expect(distinct(SERVICE_ROWS.map((row) => row.id))).toBe(SERVICE_ROWS.length);
    expect(distinct(names)).toBe(SERVICE_ROWS.length);
    for (const { signingName } of untargeted) {
      expect(SERVICE_ROWS.filter((row) => row.signingName === signingName)).toHaveLength(1);
    }
  });

  test.each(SERVICE_ROWS.map((row) => [row.id, row] as const))(
    '%s: schemas load and hold operations',
    async (id, row) => {
      const schemas = await loadSchemas(id as ServiceId);
      const operations = Object.values(schemas).filter(
        (schema) => Array.isArray(schema) && schema[0] === 9,
      );
      expect(operations.length).toBeGreaterThan(3);
      const rest = operations.filter(
        (schema) => Array.isArray(schema) && schema[3]?.http !== undefined,
      );
      const isRest = row.protocols[0] === 'restJson1' || row.protocols[0] === 'restXml';
      expect(rest.length).toBe(isRest ? operations.length : 0);
      expect(row.protocols.some((name) => name.startsWith('awsJson'))).toBe(
        row.targetPrefix !== undefined,
      );
    },
  );
});
