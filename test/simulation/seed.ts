// The seed of a simulation: a new one each time, or the one given as SEED to replay a run.

/** Prints it, so that a failing run can be repeated: `SEED=… npx vitest run FILE`. */
export function chooseSeed(simulation: string): number {
  const given = process.env['SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  if (!Number.isInteger(seed)) throw new RangeError(`SEED is not an integer: ${given}`);
  console.log(`${simulation}: SEED=${seed}`);
  return seed;
}
