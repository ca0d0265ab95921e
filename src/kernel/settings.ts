// How services behave where a cloud may be asked to behave more like AWS than is convenient.

export interface DynamoDbSettings {
  /** Refuse requests that exceed a table's capacity, as AWS does. Default: everything is served. */
  readonly throttles?: boolean;
  /**
   * Reads that do not ask for consistency see the state up to so much earlier, drawn from the cloud's
   * seed. For tables that are made while it is set. Default 0: they see the latest commit.
   */
  readonly readLagMs?: number;
}

export interface ServiceSettings {
  readonly dynamodb?: DynamoDbSettings;
}
