// The model constraints of each service as a stage of the pipeline, loaded on first use.
import { ServiceError } from '../base/errors.ts';
import { createValidator } from '../models/validate.ts';

/** The error to answer with, or undefined when the input keeps the model's constraints. */
export type Check = (operation: string, input: unknown) => ServiceError | undefined;

export interface Validators {
  /** The check of a service when it is loaded; undefined before. */
  of(service: string): Check | undefined;
  load(service: string): Promise<Check | undefined>;
}

export function createValidators(): Validators {
  const loaded = new Map<string, Check>();
  const unchecked: Check = () => undefined;
  return {
    of: (service) => loaded.get(service),
    async load(service) {
      const validate = await createValidator(service);
      const check: Check =
        validate === undefined
          ? unchecked
          : (operation, input) => {
              const problem = validate(operation, input);
              return problem === undefined ? undefined : new ServiceError(problem.code, problem.message);
            };
      loaded.set(service, check);
      return check;
    },
  };
}
