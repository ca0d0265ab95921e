// `cloudlet generate-event`: a sample event in AWS's shape, to try a function with.
import { UserError } from '../../base/errors.ts';
import { type Arguments, type Command, type OptionSpec, usageError } from '../command.ts';
import { SAMPLE_EVENTS, makeSample } from '../events/event-catalog.ts';
import type { AnySampleEvent, SampleField } from '../events/sample-event.ts';
import { didYouMean } from '../nearest.ts';

const RECORDS_MAX = 10_000;

export const generateEvent: Command = {
  name: 'generate-event',
  usage: 'SERVICE EVENT [--FIELD VALUE…]',
  about: 'print a sample event in AWS’s shape',
  help: `Prints a sample event as the service would send it, to try a function with or to keep beside its
tests. The same fields give the same event in every run.

  cloudlet generate-event s3 put --bucket photos --key cats/tom.jpg
  cloudlet generate-event sqs receive-message --count 5 --body '{"id": 1}' > event.json
  cloudlet generate-event apigateway aws-proxy --path /users | cloudlet invoke Users --event -
  cloudlet generate-event dynamodb update --help      the fields of one event

Events:
${listEvents(SAMPLE_EVENTS)}`,
  options: {},
  positionals: 2,
  refine: async (argv) => refine(argv),
  words: () => SERVICES,
  async run() {
    throw usageError(generateEvent, 'which service?');
  },
};

const SERVICES = [...new Set(SAMPLE_EVENTS.map((sample) => sample.service))];

function refine(argv: readonly string[]): Command {
  const [service, name] = argv.filter((arg, i) => !arg.startsWith('-') && i < 2);
  if (service === undefined) return generateEvent;
  const ofService = SAMPLE_EVENTS.filter((sample) => sample.service === service);
  if (ofService.length === 0) {
    throw unknown(`no events of ${JSON.stringify(service)}${didYouMean(service, SERVICES)}`, SERVICES);
  }
  if (name === undefined) return serviceCommand(service, ofService);
  const sample = ofService.find((candidate) => candidate.name === name);
  if (sample !== undefined) return eventCommand(sample);
  const names = ofService.map((candidate) => candidate.name);
  throw unknown(`${service} has no event ${JSON.stringify(name)}${didYouMean(name, names)}`, names);
}

function unknown(message: string, choices: readonly string[]): UserError {
  return new UserError('ERR_USAGE', message, {
    where: 'cloudlet generate-event',
    fix: `use one of: ${choices.join(', ')}`,
  });
}

/** `generate-event SERVICE`: explains what there is. */
function serviceCommand(service: string, samples: readonly AnySampleEvent[]): Command {
  const command: Command = {
    ...generateEvent,
    name: `generate-event ${service}`,
    usage: 'EVENT [--FIELD VALUE…]',
    help: `Events of ${service}:\n${listEvents(samples)}`,
    words: () => samples.map((sample) => sample.name),
    async run() {
      const names = samples.map((sample) => sample.name).join(', ');
      throw usageError(command, `which event of ${service}? There are: ${names}`);
    },
  };
  return command;
}

function eventCommand(sample: AnySampleEvent): Command {
  const { service, name, about, fields } = sample;
  const command: Command = {
    name: `generate-event ${service} ${name}`,
    usage: '[--FIELD VALUE…]',
    about,
    help: `Prints the event of ${service}: ${about}.

  cloudlet generate-event ${service} ${name} > event.json
  cloudlet generate-event ${service} ${name} | cloudlet invoke MyFunction --event -`,
    options: Object.fromEntries(Object.entries(fields).map(([field, spec]) => [field, optionOf(spec)])),
    positionals: 2,
    words: () => [],
    async run(args, terminal) {
      const event = makeSample(sample, readFields(command, sample, args));
      terminal.result(event, JSON.stringify(event, null, 2));
    },
  };
  return command;
}

function optionOf({ about, default: fallback, choices }: SampleField): OptionSpec {
  if (typeof fallback === 'boolean') return { type: 'boolean', about };
  return {
    type: 'string',
    value: typeof fallback === 'number' ? 'N' : 'VALUE',
    about,
    default: String(fallback),
    ...(choices === undefined ? {} : { choices }),
  };
}

function readFields(
  command: Command,
  { fields }: AnySampleEvent,
  args: Arguments,
): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, readField(command, args, { name, field })]),
  );
}

function readField(
  command: Command,
  args: Arguments,
  { name, field }: { readonly name: string; readonly field: SampleField },
): string | number | boolean {
  if (typeof field.default === 'boolean') return args.flag(name);
  const text = args.text(name) ?? '';
  if (typeof field.default === 'number') {
    const value = Number(text);
    const max = name === 'count' ? RECORDS_MAX : Number.MAX_SAFE_INTEGER;
    if (!/^\d+$/.test(text) || value > max || (name === 'count' && value === 0)) {
      throw usageError(command, `--${name} is not a number${name === 'count' ? ` from 1 to ${max}` : ''}: ${text}`);
    }
    return value;
  }
  if (field.choices?.includes(text) === false) {
    throw usageError(command, `--${name} is ${JSON.stringify(text)}, but may be: ${field.choices.join(', ')}`);
  }
  return name === 'time' ? readTime(command, text) : text;
}

function readTime(command: Command, text: string): string {
  if (text === 'now') return new Date().toISOString();
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw usageError(command, `--time is neither \`now\` nor a time: ${text}`);
  return new Date(ms).toISOString();
}

function listEvents(samples: readonly AnySampleEvent[]): string {
  return samples
    .map(({ service, name, about }) => `  ${`${service} ${name}`.padEnd(36)} ${about}`)
    .join('\n');
}
