// The contract between the CloudFormation API and the deploy layer (pure template work).

/** Implemented by `deploy/`; plugged in by the composition root. */
export interface TemplateEngine {
  readonly placeholder?: never;
}
