// TestMetricFilter: tries a filter pattern on sample messages.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter } from '../errors.ts';
import { compileFilterPattern } from '../filter-pattern.ts';
import { FilterSyntaxError } from '../filter-syntax.ts';

export async function testMetricFilter(
  input: InputOf<'logs', 'TestMetricFilter'>,
  _ctx: RequestContext,
): Promise<OutputOf<'logs', 'TestMetricFilter'>> {
  try {
    const filter = compileFilterPattern(input.filterPattern ?? '');
    const matches = (input.logEventMessages ?? []).flatMap((eventMessage, at) => {
      const extractedValues = filter(eventMessage);
      return extractedValues === undefined
        ? []
        : [{ eventNumber: at + 1, eventMessage, extractedValues: { ...extractedValues } }];
    });
    return { matches };
  } catch (error) {
    if (error instanceof FilterSyntaxError) throw invalidParameter(error.message);
    throw error;
  }
}
