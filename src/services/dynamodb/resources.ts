// The CloudFormation types of DynamoDB.
import type { ResourceHandler } from '../../kernel/resources.ts';
import { globalTable } from './resources/global-table.ts';
import { table } from './resources/table.ts';

export const resources: readonly ResourceHandler[] = [table, globalTable];
