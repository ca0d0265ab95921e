// Brings the tags of a function, mapping or code signing configuration to what the template says.
import { tagsOf } from '../../../kernel/resource-requests.ts';
import type { ResourceRequest } from '../../../kernel/resources.ts';

export async function replaceTags(request: ResourceRequest, Resource: string | undefined): Promise<void> {
  const wanted = tagsOf(request);
  const { Tags = {} } = await request.call('lambda', 'ListTags', { Resource });
  const TagKeys = Object.keys(Tags).filter((key) => !(key in wanted));
  if (TagKeys.length > 0) await request.call('lambda', 'UntagResource', { Resource, TagKeys });
  if (Object.keys(wanted).length > 0) await request.call('lambda', 'TagResource', { Resource, Tags: wanted });
}
