// Reserved concurrency, and the account's figures it is taken from.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext, Scope } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { concurrencySetAside, keepingTotal, listProvisioned } from '../invocation/concurrency-total.ts';
import { functionNotFound, invalidParameter } from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import {
  CODE_STORAGE_BYTES_MAX,
  CONCURRENT_EXECUTIONS,
  UNRESERVED_CONCURRENCY_MIN,
  UNZIPPED_BYTES_MAX,
  ZIP_UPLOAD_BYTES_MAX,
} from '../limits.ts';
import { resolveFunction } from '../resolve.ts';
import { type FunctionRecord, functionKey, functions, getFunction, layerVersions, versions } from '../store.ts';

/** Accounts hold at most this many functions in one listing for the sums below. */
const FUNCTIONS_MAX = 100_000;

export async function putFunctionConcurrency(
  input: InputOf<'lambda', 'PutFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutFunctionConcurrency'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const reserved = input.ReservedConcurrentExecutions ?? 0;
  await context.store.transact((tx) =>
    keepingTotal(tx, scope, {
      name,
      change: async () => {
        const record = await getFunction(tx, scope, name);
        if (record === undefined) throw functionNotFound(functionArn(scope, name));
        await checkReserved(tx, { scope, record, reserved });
        functions.put(tx, functionKey(scope, name), { ...record, reservedConcurrency: reserved });
      },
    }),
  );
  return { ReservedConcurrentExecutions: reserved };
}

async function checkReserved(
  view: ReadTx,
  { scope, record, reserved }: { readonly scope: Scope; readonly record: FunctionRecord; readonly reserved: number },
): Promise<void> {
  const configs = await listProvisioned(view, scope, record.latest.name);
  const ofVersions = configs.reduce((sum, { requested }) => sum + requested, 0);
  const others = (await concurrencySetAside(view, scope)) - (record.reservedConcurrency ?? ofVersions);
  if (CONCURRENT_EXECUTIONS - others - reserved < UNRESERVED_CONCURRENCY_MIN) {
    throw invalidParameter(
      `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_CONCURRENCY_MIN}].`,
    );
  }
  if (reserved < ofVersions) {
    // Recorded, spaces included: localstack test_lambda_provisioned_concurrency_limits.
    throw invalidParameter(
      ` ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${ofVersions}].`,
    );
  }
}

export async function getFunctionConcurrency(
  input: InputOf<'lambda', 'GetFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionConcurrency'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { record } = await context.store.read((view) => resolveFunction(view, reference));
  const { reservedConcurrency } = record;
  return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
}

export async function deleteFunctionConcurrency(
  input: InputOf<'lambda', 'DeleteFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunctionConcurrency'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  await context.store.transact((tx) =>
    keepingTotal(tx, scope, {
      name,
      change: async () => {
        const record = await getFunction(tx, scope, name);
        if (record === undefined) throw functionNotFound(functionArn(scope, name));
        const { reservedConcurrency: _dropped, ...rest } = record;
        functions.put(tx, functionKey(scope, name), rest);
      },
    }),
  );
  return {};
}

export async function getAccountSettings(
  _input: InputOf<'lambda', 'GetAccountSettings'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetAccountSettings'>> {
  const scope = [context.account, context.region];
  const bound = { limit: FUNCTIONS_MAX };
  const [setAside, rows, published, layers] = await context.store.read((view) =>
    Promise.all([
      concurrencySetAside(view, context),
      functions.list(view, scope, bound),
      versions.list(view, scope, bound),
      layerVersions.list(view, scope, bound),
    ]),
  );
  const archives = [
    ...rows.map((row) => row.value.latest.code),
    ...published.map((row) => row.value.code),
    ...layers.map((row) => row.value.code),
  ];
  return {
    AccountLimit: {
      TotalCodeSize: CODE_STORAGE_BYTES_MAX,
      CodeSizeUnzipped: UNZIPPED_BYTES_MAX,
      CodeSizeZipped: ZIP_UPLOAD_BYTES_MAX,
      ConcurrentExecutions: CONCURRENT_EXECUTIONS,
      UnreservedConcurrentExecutions: CONCURRENT_EXECUTIONS - setAside,
    },
    AccountUsage: {
      TotalCodeSize: archives.reduce((sum, code) => sum + code.sizeBytes, 0),
      FunctionCount: rows.length,
    },
  };
}
