// Which function an integration URI names.

/** `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations` → FUNCTION_ARN. */
export function functionOfUri(
  uri: string,
  stageVariables: Readonly<Record<string, string>>,
): string | undefined {
  const resolved = uri.replaceAll(
    /\$\{stageVariables\.(\w+)\}/g,
    (_all, name: string) => stageVariables[name] ?? '',
  );
  const path = /:lambda:path\/(?:\/)?2015-03-31\/functions\/(.+)\/invocations$/.exec(resolved)?.[1];
  return path;
}
