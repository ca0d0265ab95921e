// Finds a function by its name or by its logical id in a template.
import {
  GetFunctionConfigurationCommand,
  type LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { UserError } from '../base/errors.ts';
import { didYouMean } from './nearest.ts';

/** More names than these help nobody. */
const NAMES_SHOWN = 20;

/**
 * A function's real name. Stacks call theirs `STACK-LOGICALID-RANDOM`, so a logical id finds it too.
 * Throws ERR_NO_FUNCTION or ERR_AMBIGUOUS_FUNCTION with the names there are.
 */
export async function findFunction(client: LambdaClient, name: string): Promise<string> {
  if (name.startsWith('arn:') || (await exists(client, name))) return name;
  const names: string[] = [];
  for await (const page of paginateListFunctions({ client }, {})) {
    names.push(...(page.Functions ?? []).map((listed) => listed.FunctionName ?? ''));
  }
  const matches = names.filter((candidate) => candidate.includes(`-${name}-`));
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) return only;
  if (matches.length > 1) {
    throw new UserError('ERR_AMBIGUOUS_FUNCTION', `${name} could be ${matches.join(' or ')}`, {
      fix: 'give the full name',
    });
  }
  const logicalIds = names.map((candidate) => candidate.split('-').at(-2) ?? candidate);
  throw new UserError('ERR_NO_FUNCTION', `there is no function ${name}${didYouMean(name, [...names, ...logicalIds])}`, {
    fix: names.length === 0 ? 'deploy one first: `cloudlet deploy`' : `there are: ${listNames(names)}`,
  });
}

/** Whatever else is wrong with the name, the listing tells. */
async function exists(client: LambdaClient, name: string): Promise<boolean> {
  try {
    await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return true;
  } catch (error) {
    if (error instanceof Error && /^(ResourceNotFound|Validation|InvalidParameterValue)Exception$/.test(error.name)) return false;
    throw error;
  }
}

function listNames(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
