// Finds a function by its name or by its logical id in a template.
import { type LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { UserError } from '../base/errors.ts';

/**
 * A function's real name. Stacks call theirs `STACK-LOGICALID-RANDOM`, so a logical id finds it too.
 * Throws ERR_NO_FUNCTION or ERR_AMBIGUOUS_FUNCTION with the names there are.
 */
export async function findFunction(client: LambdaClient, name: string): Promise<string> {
  if (name.startsWith('arn:')) return name;
  const names: string[] = [];
  for await (const page of paginateListFunctions({ client }, {})) {
    names.push(...(page.Functions ?? []).map((listed) => listed.FunctionName ?? ''));
  }
  if (names.includes(name)) return name;
  const matches = names.filter((candidate) => candidate.includes(`-${name}-`));
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) return only;
  if (matches.length > 1) {
    throw new UserError('ERR_AMBIGUOUS_FUNCTION', `${name} could be ${matches.join(' or ')}`, {
      fix: 'give the full name',
    });
  }
  throw new UserError('ERR_NO_FUNCTION', `there is no function ${name}`, {
    fix: names.length === 0 ? 'deploy one first: `cloudlet deploy`' : `there are: ${names.join(', ')}`,
  });
}
