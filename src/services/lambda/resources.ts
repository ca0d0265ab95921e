// CloudFormation types of Lambda, one file each in `resources/`.
import type { ResourceHandler } from '../../kernel/resources.ts';
import { aliasResource } from './resources/alias.ts';
import { codeSigningResource } from './resources/code-signing-config.ts';
import { invokeConfigResource } from './resources/event-invoke-config.ts';
import { mappingResource } from './resources/event-source-mapping.ts';
import { functionResource } from './resources/function.ts';
import { layerPermissionResource } from './resources/layer-version-permission.ts';
import { layerResource } from './resources/layer-version.ts';
import { permissionResource } from './resources/permission.ts';
import { urlResource } from './resources/url.ts';
import { versionResource } from './resources/version.ts';

export const resources: readonly ResourceHandler[] = [
  aliasResource,
  codeSigningResource,
  functionResource,
  invokeConfigResource,
  layerPermissionResource,
  layerResource,
  mappingResource,
  permissionResource,
  urlResource,
  versionResource,
];
