// Finds the function a handler string names: CommonJS or ES module, nested paths, nested exports.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const failures = require('./node-failures.cjs');
const { HIGH_WATER_MARK, HttpResponseStream, STREAMING } = require('./node-stream.cjs');

async function loadHandler(taskRoot, handler) {
  if (handler.includes('..')) {
    throw new failures.MalformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  // `dir/module.nested.export`: the module's name ends at the first dot of the last segment.
  const base = path.basename(handler);
  const folder = handler.slice(0, handler.indexOf(base));
  const dot = base.indexOf('.');
  if (dot === -1) throw new failures.MalformedHandlerName('Bad handler');
  const userModule = await loadModule(taskRoot, folder, base.slice(0, dot));
  const found = base
    .slice(dot + 1)
    .split('.')
    .reduce((nested, key) => nested && nested[key], userModule);
  if (!found) throw new failures.HandlerNotFound(`${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw new failures.HandlerNotFound(`${handler} is not a function`);
  refuseCallbacks(found);
  return found;
}

// AWS: callback handlers are gone from Node.js 24 on. aws-lambda-nodejs-runtime-interface-client
function refuseCallbacks(handler) {
  const major = /^AWS_Lambda_nodejs(\d+)\./.exec(process.env.AWS_EXECUTION_ENV ?? '')?.[1];
  if (Number(major) < 24 || handler.length < 3 || handler[STREAMING]) return;
  throw new failures.CallbackHandlerDeprecated(
    'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
  );
}

async function loadModule(taskRoot, folder, name) {
  offerAwslambda();
  try {
    return await findModule(taskRoot, folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw wrap(failures.UserCodeSyntaxError, error);
    if (error?.code === 'MODULE_NOT_FOUND') throw wrap(failures.ImportModuleError, error);
    throw error;
  }
}

function wrap(Type, error) {
  // Our own files are where AWS's runtime would be in the list of requiring modules.
  const text = String(error).split('\n');
  const shown = text.map((line) => (line.startsWith(`- ${__dirname}`) ? '- /var/runtime/index.mjs' : line));
  return new Type([...new Set(shown)].join('\n'));
}

/** `awslambda`, the global that streaming handlers use without importing it. */
function offerAwslambda() {
  if (/^(1|true)$/.test(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? '')) return;
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') {
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream,
  };
}

/** The order of AWS's runtime: no extension, .js, .mjs, .cjs (TypeScript from Node.js 24), then require(). */
async function findModule(taskRoot, folder, name) {
  const file = path.resolve(taskRoot, folder, name);
  if (isFile(file)) return require(file);
  const isModule = isInModulePackage(path.dirname(file));
  if (isFile(`${file}.js`)) return isModule ? import(`${file}.js`) : require(`${file}.js`);
  if (isFile(`${file}.mjs`)) return import(`${file}.mjs`);
  if (isFile(`${file}.cjs`)) return require(`${file}.cjs`);
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    if (isFile(`${file}.ts`)) return isModule ? import(`${file}.ts`) : require(`${file}.ts`);
    if (isFile(`${file}.mts`)) return import(`${file}.mts`);
    if (isFile(`${file}.cts`)) return require(`${file}.cts`);
  }
  return require(require.resolve(name, { paths: [taskRoot, path.resolve(taskRoot, folder)] }));
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether the nearest package.json at or above `folder` says `"type": "module"`. */
function isInModulePackage(folder) {
  if (folder.endsWith('/node_modules')) return false;
  const manifest = path.join(folder, 'package.json');
  if (fs.existsSync(manifest)) {
    try {
      return JSON.parse(fs.readFileSync(manifest, 'utf8'))?.type === 'module';
    } catch (error) {
      console.warn(`${manifest} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  const parent = path.dirname(folder);
  return parent === folder ? false : isInModulePackage(parent);
}

module.exports = { loadHandler };
