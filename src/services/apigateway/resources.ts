// CloudFormation types of API Gateway, one file each in `resources/`.
import type { ResourceHandler } from '../../kernel/resources.ts';
import { deployment } from './resources/deployment.ts';
import { method } from './resources/method.ts';
import { resource } from './resources/resource.ts';
import { restApi } from './resources/rest-api.ts';
import { stage } from './resources/stage.ts';

export const resources: readonly ResourceHandler[] = [deployment, method, resource, restApi, stage];
