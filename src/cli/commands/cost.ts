// `cloudlet cost`: what the functions that ran here would have cost on AWS.
import { type Command, REMOTE_OPTIONS } from '../command.ts';
import { connect } from '../connection.ts';
import { formatTable } from '../table.ts';
import type { CostReport, FunctionCost } from '../../server/cost-report.ts';
import { isCopy } from '../tuning/copy-name.ts';

export const cost: Command = {
  name: 'cost',
  usage: '[--since DATE | DURATION]',
  about: 'show what the functions would have cost on AWS',
  help: `Sums every invocation by AWS's price list: requests, GB-seconds (memory times billed duration), /tmp
beyond 512 MB, provisioned concurrency. Counts are durable and kept per day (UTC). Free tier, savings
plans, tax and other services are left out.

  cloudlet cost
  cloudlet cost --since 7d
  cloudlet cost --since 2026-11-01 --json`,
  options: {
    ...REMOTE_OPTIONS,
    since: { type: 'string', value: 'DATE', about: 'first day that counts, or how far back, e.g. 7d' },
    account: { type: 'string', value: 'ID', about: 'account, 12 digits', default: '000000000000' },
  },
  positionals: 0,
  async run(args, terminal) {
    const connection = await connect(args);
    const since = args.text('since');
    const query = new URLSearchParams({
      account: args.text('account') ?? '',
      ...(since === undefined ? {} : { since }),
    });
    const report = (await connection.control(`cost?${query.toString()}`)) as unknown as CostReport;
    terminal.result(report, describe(report));
  },
};

function describe(report: CostReport): string {
  const { byFunction, totalUsd, prices, since, unlistedRegions = [] } = report;
  const from = since === undefined ? '' : ` since ${since}`;
  if (byFunction.length === 0) return `no function ran${from}`;
  const rows = sumCopies(byFunction).map(({ name, region, requests, gbSeconds, usd }) => [
    name,
    region,
    String(requests),
    gbSeconds.toFixed(3),
    `$${usd.toFixed(9)}`,
  ]);
  const total = ['total', '', '', '', `$${totalUsd.toFixed(9)}`];
  const notes = [
    `By AWS's list prices of ${prices}${from}, without free tier and tax.`,
    ...unlistedRegions.map((region) => `${region} is not in the list: priced as us-east-1.`),
  ];
  const table = formatTable(['function', 'region', 'requests', 'GB-seconds', 'USD'], [...rows, total], {
    right: [2, 3, 4],
  });
  return `${table}\n\n${notes.join('\n')}`;
}

/** Sweeps leave a function per memory size behind in the counts: for people they are one line a region. */
function sumCopies(costs: readonly FunctionCost[]): FunctionCost[] {
  const sums = new Map<string, FunctionCost>();
  for (const cost of costs) {
    const name = isCopy(cost.name) ? '(cloudlet tune)' : cost.name;
    const before = sums.get(`${cost.region}/${name}`) ?? { requests: 0, gbSeconds: 0, usd: 0 };
    sums.set(`${cost.region}/${name}`, {
      name,
      region: cost.region,
      requests: before.requests + cost.requests,
      gbSeconds: before.gbSeconds + cost.gbSeconds,
      usd: before.usd + cost.usd,
    });
  }
  return [...sums.values()].toSorted((a, b) => b.usd - a.usd);
}
