// What an interrupted create left behind: by the resource's unique name, or as what is new since it began.
import type { ResourceHandler, ResourceRequest } from '../kernel/resources.ts';
import type { ResourceChange } from '../kernel/templates.ts';

/** Physical ids that could be taken for the resource; undefined for types that do not tell. */
export async function listCandidates(
  handler: ResourceHandler,
  request: ResourceRequest,
): Promise<readonly string[] | undefined> {
  try {
    return await handler.candidates?.(request);
  } catch {
    // Without the list nothing is recognised later; whatever is wrong, the create itself will say so.
    return undefined;
  }
}

/** Physical id of what the attempt behind `change` made, half-made perhaps. */
export async function findMade(
  handler: ResourceHandler,
  request: ResourceRequest,
  change: ResourceChange,
): Promise<string | undefined> {
  const { existing, madeNothing } = change;
  if (madeNothing === true) return undefined;
  if (handler.candidates === undefined) return handler.find?.(request);
  if (existing === undefined) return undefined;
  const present = await handler.candidates(request);
  return present.find((physicalId) => !existing.includes(physicalId));
}
