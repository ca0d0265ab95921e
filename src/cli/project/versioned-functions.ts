// Tells which functions of a template are called by published versions, which new code does not reach.
import { type PlainObject, isObject } from '../../deploy/parse-template.ts';

/**
 * True when the template publishes versions of the function: callers then reach a version, and a change
 * of `$LATEST` alone would not show. <SAM developer guide, AutoPublishAlias; CloudFormation, AWS::Lambda::Version>
 */
export function hasVersions(content: PlainObject, logicalId: string): boolean {
  const resources = objectAt(content, 'Resources');
  const ofGlobals = objectAt(objectAt(content, 'Globals'), 'Function')['AutoPublishAlias'];
  const own = objectAt(objectAt(resources, logicalId), 'Properties')['AutoPublishAlias'];
  const type = objectAt(resources, logicalId)['Type'];
  if (type === 'AWS::Serverless::Function' && (own ?? ofGlobals) !== undefined) return true;
  // Whatever intrinsic function names it: {"Ref": "Fn"}, {"Fn::GetAtt": ["Fn", "Arn"]}, "${Fn.Arn}".
  const reference = new RegExp(`["{]${logicalId}["}.]`);
  return Object.values(resources).some(
    (resource) =>
      isObject(resource) &&
      resource['Type'] === 'AWS::Lambda::Version' &&
      reference.test(JSON.stringify(objectAt(resource, 'Properties')['FunctionName'] ?? '')),
  );
}

function objectAt(value: PlainObject, name: string): PlainObject {
  const inner = value[name];
  return isObject(inner) ? inner : {};
}
