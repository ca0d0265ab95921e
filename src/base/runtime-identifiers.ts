// The runtime identifiers of AWS Lambda, with the dates from which AWS refuses them. Data only.

export type RuntimeFamily = 'nodejs' | 'python' | 'java' | 'ruby' | 'dotnet' | 'go' | 'provided';

export interface RuntimeIdentifier {
  /** `nodejs22.x` */
  readonly id: string;
  readonly family: RuntimeFamily;
  /** What it asks for: `22`, `3.12`, `8`, `al2023`. */
  readonly version: string;
  /** ISO dates; absent: AWS has named none. */
  readonly deprecated?: string;
  /** From here on AWS creates no function with it. */
  readonly createBlocked?: string;
  /** From here on AWS updates no function that has it. */
  readonly updateBlocked?: string;
}

/**
 * When the table was taken. Later dates in it are AWS's projections, which it has moved five times
 * in two years: they are shown, and bind nobody before the table is taken anew.
 */
export const RUNTIMES_TAKEN = '2026-11-21';

/**
 * `id deprecated createBlocked updateBlocked`, `-` where AWS has named no date. Sources: developer
 * guide, "Lambda runtimes" (runtimes-supported, runtimes-deprecated), by way of the data of cfn-lint
 * 1.58 (LmbdRuntimeLifecycle.json); identifiers: the Runtime enum of @aws-sdk/client-lambda 3.1162;
 * java*.al2023: aws/aws-lambda-roadmap#86.
 */
const TABLE = `
nodejs26.x      -          -          -
nodejs24.x      2028-04-30 2028-06-01 2028-07-01
nodejs22.x      2027-04-30 2027-06-01 2027-07-01
nodejs20.x      2026-04-30 2027-02-01 2027-03-03
nodejs18.x      2025-09-01 2027-02-01 2027-03-03
nodejs16.x      2024-06-12 2027-02-01 2027-03-03
nodejs14.x      2023-12-04 2024-01-09 2027-03-03
nodejs12.x      2023-03-31 2023-03-31 2023-04-30
nodejs10.x      2021-07-30 2021-07-30 2022-02-14
nodejs8.10      2020-03-06 2020-02-04 2020-03-06
nodejs6.10      2019-08-12 2019-07-12 2019-08-12
nodejs4.3-edge  2020-03-05 2019-03-31 2019-04-30
nodejs4.3       2020-03-05 2020-02-03 2020-03-05
nodejs          2016-08-30 2016-09-30 2016-10-31
python3.15      -          -          -
python3.14      2029-06-30 2029-07-31 2029-08-31
python3.13      2029-06-30 2029-07-31 2029-08-31
python3.12      2028-10-31 2028-11-30 2029-01-10
python3.11      2027-06-30 2027-07-31 2027-08-31
python3.10      2026-10-31 2027-02-01 2027-03-03
python3.9       2025-12-15 2027-02-01 2027-03-03
python3.8       2024-10-14 2027-02-01 2027-03-03
python3.7       2023-12-04 2024-01-09 2027-03-03
python3.6       2022-07-18 2022-07-18 2022-08-29
python2.7       2021-07-15 2021-07-15 2022-05-30
java25          2029-06-30 2029-07-31 2029-08-31
java21          2029-06-30 2029-07-31 2029-08-31
java17.al2023   -          -          -
java17          2027-06-30 2027-07-31 2027-08-31
java11.al2023   -          -          -
java11          2027-06-30 2027-07-31 2027-08-31
java8.al2023    -          -          -
java8.al2       2027-06-30 2027-07-31 2027-08-31
java8           2024-01-08 2024-02-08 2027-03-03
dotnet10        2028-11-14 2028-12-14 2029-01-15
dotnet8         2026-11-10 2027-02-01 2027-03-03
dotnet6         2024-12-20 2027-02-01 2027-03-03
dotnetcore3.1   2023-04-03 2023-04-03 2023-05-03
dotnetcore2.1   2022-01-05 2022-01-05 2022-04-13
dotnetcore2.0   2019-05-30 2019-04-30 2019-05-30
dotnetcore1.0   2019-06-27 2019-06-30 2019-07-30
ruby4.0         2029-03-31 2029-04-30 2029-05-31
ruby3.4         2028-03-31 2028-04-30 2028-05-31
ruby3.3         2027-03-31 2027-04-30 2027-05-31
ruby3.2         2026-03-31 2027-02-01 2027-03-03
ruby2.7         2023-12-07 2024-01-09 2027-03-03
ruby2.5         2021-07-30 2021-07-30 2022-03-31
go1.x           2024-01-08 2024-02-08 2027-03-03
provided.al2023 2029-06-30 2029-07-31 2029-08-31
provided.al2    2026-07-31 2027-02-01 2027-03-03
provided        2024-01-08 2024-02-08 2027-03-03
`;

const FAMILIES: readonly RuntimeFamily[] = ['nodejs', 'python', 'java', 'ruby', 'dotnet', 'go', 'provided'];

export const RUNTIME_IDENTIFIERS: readonly RuntimeIdentifier[] = TABLE.trim().split('\n').map(readRow);

export function findRuntimeIdentifier(id: string): RuntimeIdentifier | undefined {
  return RUNTIME_IDENTIFIERS.find((row) => row.id === id);
}

/** Whether AWS refuses to create, or to update, functions with it at that date. */
export function isBlocked(
  { createBlocked, updateBlocked }: RuntimeIdentifier,
  action: 'create' | 'update',
  date: string = RUNTIMES_TAKEN,
): boolean {
  const from = action === 'create' ? createBlocked : updateBlocked;
  return from !== undefined && from <= date;
}

function readRow(row: string): RuntimeIdentifier {
  const [id = '', ...dates] = row.split(/\s+/);
  const [deprecated, createBlocked, updateBlocked] = dates.map((date) => (date === '-' ? undefined : date));
  return {
    id,
    family: familyOf(id),
    version: versionOf(id),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(createBlocked === undefined ? {} : { createBlocked }),
    ...(updateBlocked === undefined ? {} : { updateBlocked }),
  };
}

function familyOf(id: string): RuntimeFamily {
  const family = FAMILIES.find((name) => id.startsWith(name));
  if (family === undefined) throw new Error(`no family: ${id}`);
  return family;
}

/** Without the name before it and what stands for the operating system or any minor behind it. */
function versionOf(id: string): string {
  if (id.startsWith('provided')) return id.split('.')[1] ?? 'al1';
  return id.slice(familyOf(id).length).replace(/\.(x|al2|al2023)$|-edge$/, '');
}
