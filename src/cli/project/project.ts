// A project on disk: its template, and the local folders that the template refers to.
import { access, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { TemplateError } from '../../kernel/templates.ts';
import { type PlainObject, parseTemplate } from '../../deploy/parse-template.ts';
import { type LocalArtifact, listLocalArtifacts } from '../../deploy/local-artifacts.ts';

const TEMPLATE_NAMES = ['template.yaml', 'template.yml', 'template.json'];

export interface Project {
  /** Absolute. */
  readonly folder: string;
  readonly templatePath: string;
  readonly content: PlainObject;
  readonly artifacts: readonly LocalArtifact[];
  /** From the folder's name, as a stack name. */
  readonly stackName: string;
  /** Where built code is kept between runs. */
  readonly buildFolder: string;
}

/** @param place a folder with a template, or a template file. */
export async function openProject(place: string): Promise<Project> {
  const templatePath = await findTemplate(resolve(place));
  const folder = resolve(templatePath, '..');
  const { content } = parse(await readFile(templatePath, 'utf8'), templatePath);
  const name = basename(folder).replaceAll(/[^a-zA-Z0-9-]/g, '-').replace(/^[^a-zA-Z]+/, '');
  return {
    folder,
    templatePath,
    content,
    artifacts: listLocalArtifacts(content),
    stackName: name === '' ? 'app' : name,
    buildFolder: join(folder, '.cloudlet', 'build'),
  };
}

async function findTemplate(place: string): Promise<string> {
  if (/\.(ya?ml|json)$/.test(place)) {
    if (await exists(place)) return place;
    throw new UserError('ERR_NO_TEMPLATE', 'there is no such template', { where: place });
  }
  for (const name of TEMPLATE_NAMES) {
    if (await exists(join(place, name))) return join(place, name);
  }
  throw new UserError('ERR_NO_TEMPLATE', `there is no template in this folder (${TEMPLATE_NAMES.join(', ')})`, {
    where: place,
    fix: 'go to the folder of your SAM or CloudFormation template, or name it: cloudlet dev DIR',
  });
}

function parse(text: string, templatePath: string): { content: PlainObject } {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const at = error.where === undefined ? '' : `:${error.where}`;
    throw new UserError('ERR_TEMPLATE', error.message, { where: `${templatePath}${at}`, cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
