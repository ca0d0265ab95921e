// Each service has one row, and its row agrees with the SDK's own schemas and botocore's model.
import { describe, expect, test } from 'vitest';
import { loadSchemas } from './schemas.ts';
import type { ServiceId } from './operations.ts';
import { SERVICE_ROWS } from './services.ts';

describe('service rows', () => {
  test('ids and signing names are unique', () => {
    expect(new Set(SERVICE_ROWS.map((row) => row.id)).size).toBe(SERVICE_ROWS.length);
    expect(new Set(SERVICE_ROWS.map((row) => row.signingName)).size).toBe(SERVICE_ROWS.length);
  });

  test.each(SERVICE_ROWS.map((row) => [row.id, row] as const))(
    '%s: schemas load and hold operations',
    async (id, row) => {
      const schemas = await loadSchemas(id as ServiceId);
      const operations = Object.values(schemas).filter(
        (schema) => Array.isArray(schema) && schema[0] === 9,
      );
      expect(operations.length).toBeGreaterThan(5);
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
