// The operations of CloudWatch Logs that are not there yet, with the reason of each.
import { notImplemented } from '../../kernel/service.ts';

const account = notImplemented('account-wide policies come later');
const anomalies = notImplemented('anomaly detection comes later');
const bearer = notImplemented('bearer tokens come later');
const deliveries = notImplemented('log deliveries come later');
const destinations = notImplemented('cross-account destinations come later');
const exportTasks = notImplemented('exports to S3 come later');
const importTasks = notImplemented('imports come later');
const indexes = notImplemented('field indexes come with Insights');
const insights = notImplemented('Insights queries come later');
const integrations = notImplemented('integrations with other stores come later');
const kms = notImplemented('KMS keys come with the KMS service');
const liveTail = notImplemented('live tail comes later');
const metricFilters = notImplemented('metric filters come with CloudWatch metrics');
const policies = notImplemented('resource and data protection policies come later');
const subscriptionFilters = notImplemented('subscription filters come later');
const syslog = notImplemented('syslog ingestion comes later');
const transformers = notImplemented('log transformers come later');

/** Spread into the operation table, whose type sees to it that none is missing. */
export const notYet = {
  AssociateKmsKey: kms,
  AssociateSourceToS3TableIntegration: integrations,
  CancelExportTask: exportTasks,
  CancelImportTask: importTasks,
  CreateDelivery: deliveries,
  CreateExportTask: exportTasks,
  CreateImportTask: importTasks,
  CreateLogAnomalyDetector: anomalies,
  CreateLookupTable: insights,
  CreateScheduledQuery: insights,
  DeleteAccountPolicy: account,
  DeleteDataProtectionPolicy: policies,
  DeleteDelivery: deliveries,
  DeleteDeliveryDestination: deliveries,
  DeleteDeliveryDestinationPolicy: deliveries,
  DeleteDeliverySource: deliveries,
  DeleteDestination: destinations,
  DeleteIndexPolicy: indexes,
  DeleteIntegration: integrations,
  DeleteLogAnomalyDetector: anomalies,
  DeleteLookupTable: insights,
  DeleteMetricFilter: metricFilters,
  DeleteQueryDefinition: insights,
  DeleteResourcePolicy: policies,
  DeleteScheduledQuery: insights,
  DeleteSubscriptionFilter: subscriptionFilters,
  DeleteSyslogConfiguration: syslog,
  DeleteTransformer: transformers,
  DescribeAccountPolicies: account,
  DescribeConfigurationTemplates: deliveries,
  DescribeDeliveries: deliveries,
  DescribeDeliveryDestinations: deliveries,
  DescribeDeliverySources: deliveries,
  DescribeDestinations: destinations,
  DescribeExportTasks: exportTasks,
  DescribeFieldIndexes: indexes,
  DescribeImportTaskBatches: importTasks,
  DescribeImportTasks: importTasks,
  DescribeIndexPolicies: indexes,
  DescribeLookupTables: insights,
  DescribeMetricFilters: metricFilters,
  DescribeQueries: insights,
  DescribeQueryDefinitions: insights,
  DescribeResourcePolicies: policies,
  DescribeSubscriptionFilters: subscriptionFilters,
  DisassociateKmsKey: kms,
  DisassociateSourceFromS3TableIntegration: integrations,
  GetDataProtectionPolicy: policies,
  GetDelivery: deliveries,
  GetDeliveryDestination: deliveries,
  GetDeliveryDestinationPolicy: deliveries,
  GetDeliverySource: deliveries,
  GetIntegration: integrations,
  GetLogAnomalyDetector: anomalies,
  GetLogFields: indexes,
  GetLogGroupFields: indexes,
  GetLogObject: indexes,
  GetLogRecord: indexes,
  GetLookupTable: insights,
  GetQueryResults: insights,
  GetScheduledQuery: insights,
  GetScheduledQueryHistory: insights,
  GetStorageTierPolicy: integrations,
  GetTransformer: transformers,
  ListAggregateLogGroupSummaries: indexes,
  ListAnomalies: anomalies,
  ListIntegrations: integrations,
  ListLogAnomalyDetectors: anomalies,
  ListLogGroupsForQuery: insights,
  ListScheduledQueries: insights,
  ListSourcesForS3TableIntegration: integrations,
  ListSyslogConfigurations: syslog,
  PutAccountPolicy: account,
  PutBearerTokenAuthentication: bearer,
  PutDataProtectionPolicy: policies,
  PutDeliveryDestination: deliveries,
  PutDeliveryDestinationPolicy: deliveries,
  PutDeliverySource: deliveries,
  PutDestination: destinations,
  PutDestinationPolicy: destinations,
  PutIndexPolicy: indexes,
  PutIntegration: integrations,
  PutMetricFilter: metricFilters,
  PutQueryDefinition: insights,
  PutResourcePolicy: policies,
  PutStorageTierPolicy: integrations,
  PutSubscriptionFilter: subscriptionFilters,
  PutSyslogConfiguration: syslog,
  PutTransformer: transformers,
  StartLiveTail: liveTail,
  StartQuery: insights,
  StopQuery: insights,
  TestTransformer: transformers,
  UpdateAnomaly: anomalies,
  UpdateDeliveryConfiguration: deliveries,
  UpdateLogAnomalyDetector: anomalies,
  UpdateLookupTable: insights,
  UpdateScheduledQuery: insights,
} as const;
