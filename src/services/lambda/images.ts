// Functions from container images: what a request says of the image, and how the API prints it.
import { createHash } from 'node:crypto';
import type { FunctionImage } from '../../base/function-runner.ts';
import type { InputOf, OutputOf } from '../../models/operations.ts';
import type { CodeSource } from './code.ts';
import { invalidParameter } from './errors.ts';
import type { StoredCode } from './store.ts';

type ImageInput = Pick<
  Partial<InputOf<'lambda', 'CreateFunction'>>,
  'PackageType' | 'ImageConfig' | 'Code' | 'Runtime' | 'Handler' | 'Layers'
>;

/**
 * The image of a function that is made or configured; undefined when its package is an archive.
 * @param previous what it is made of so far; absent on create.
 */
export function readImage(
  input: ImageInput,
  previous: { readonly image?: FunctionImage } | undefined,
): FunctionImage | undefined {
  const isImage = previous === undefined ? input.PackageType === 'Image' : previous.image !== undefined;
  if (!isImage) {
    // AWS: what there is of an image is not for archives. umihico/pythonista-chromeless#19 has the pattern
    if (input.ImageConfig !== undefined) throw invalidParameter("Please don't provide ImageConfig when the intended function PackageType is Zip.");
    return undefined;
  }
  if (input.Runtime !== undefined || input.Handler !== undefined || (input.Layers?.length ?? 0) > 0) {
    // AWS: pulumi/pulumi-aws#5439 (recorded)
    throw invalidParameter("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.");
  }
  const uri = previous?.image?.uri ?? input.Code?.ImageUri;
  if (uri === undefined || uri === '') throw invalidParameter('Please provide a source for function code.');
  return input.ImageConfig === undefined ? { ...previous?.image, uri } : { uri, ...readConfig(input.ImageConfig) };
}

/** AWS: one that is given replaces the one before as a whole; what is empty is as the image says. API_ImageConfig.html */
function readConfig(config: NonNullable<ImageInput['ImageConfig']>): Omit<FunctionImage, 'uri'> {
  const { EntryPoint = [], Command = [], WorkingDirectory = '' } = config;
  return {
    ...(EntryPoint.length === 0 ? {} : { entryPoint: [...EntryPoint] }),
    ...(Command.length === 0 ? {} : { command: [...Command] }),
    ...(WorkingDirectory === '' ? {} : { workingDirectory: WorkingDirectory }),
  };
}

/** The image of a function whose code is updated; undefined when its package is an archive. */
export function replaceImage(image: FunctionImage | undefined, source: CodeSource): FunctionImage | undefined {
  if (image === undefined) {
    // AWS: umihico/pythonista-chromeless#19 (recorded)
    if (source.ImageUri !== undefined) throw invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.");
    return undefined;
  }
  if (source.ImageUri === undefined || source.ImageUri === '') {
    throw invalidParameter('Please provide ImageUri when updating a function with packageType Image.');
  }
  return { ...image, uri: source.ImageUri };
}

/**
 * An image stands in the store by its digest alone. Differs: AWS resolves tags to the digest of the
 * manifest; what runs here is what the container engine has under the name, so a name without a
 * digest has that of its text.
 */
export function imageCode({ uri }: FunctionImage): StoredCode {
  const named = /@sha256:([0-9a-f]{64})$/.exec(uri)?.[1];
  const sha256 = named ?? createHash('sha256').update(uri).digest('hex');
  return { blobId: '', sha256, sizeBytes: 0, unpackedBytes: 0 };
}

/** What GetFunctionConfiguration prints beside the package type. */
export function presentImage(image: FunctionImage): Pick<OutputOf<'lambda', 'GetFunctionConfiguration'>, 'ImageConfigResponse'> {
  const { entryPoint, command, workingDirectory } = image;
  const config = {
    ...(entryPoint === undefined ? {} : { EntryPoint: [...entryPoint] }),
    ...(command === undefined ? {} : { Command: [...command] }),
    ...(workingDirectory === undefined ? {} : { WorkingDirectory: workingDirectory }),
  };
  return Object.keys(config).length === 0 ? {} : { ImageConfigResponse: { ImageConfig: config } };
}

/** What GetFunction prints in place of a location. */
export function presentImageCode(image: FunctionImage, { sha256 }: StoredCode): OutputOf<'lambda', 'GetFunction'>['Code'] {
  const repository = image.uri.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  return { RepositoryType: 'ECR', ImageUri: image.uri, ResolvedImageUri: `${repository}@sha256:${sha256}` };
}
