// Amazon CloudWatch Logs: the operation table, resources and workers of the log service.
import { defineService } from '../../kernel/service.ts';
import { notYet } from './not-yet.ts';
import { filterLogEvents } from './operations/filter-events.ts';
import { getLogEvents } from './operations/get-events.ts';
import {
  createLogGroup,
  deleteLogGroup,
  describeLogGroups,
  listLogGroups,
  putLogGroupDeletionProtection,
} from './operations/groups.ts';
import { putLogEvents } from './operations/put-events.ts';
import { deleteRetentionPolicy, putRetentionPolicy } from './operations/retention.ts';
import { createLogStream, deleteLogStream, describeLogStreams } from './operations/streams.ts';
import {
  listTagsForResource,
  listTagsLogGroup,
  tagLogGroup,
  tagResource,
  untagLogGroup,
  untagResource,
} from './operations/tags.ts';
import { testMetricFilter } from './operations/test-filter.ts';
import { resources } from './resources.ts';
import { workers } from './workers.ts';

export const logs = defineService<'logs'>({
  id: 'logs',
  operations: {
    ...notYet,
    CreateLogGroup: createLogGroup,
    CreateLogStream: createLogStream,
    DeleteLogGroup: deleteLogGroup,
    DeleteLogStream: deleteLogStream,
    DeleteRetentionPolicy: deleteRetentionPolicy,
    DescribeLogGroups: describeLogGroups,
    DescribeLogStreams: describeLogStreams,
    FilterLogEvents: filterLogEvents,
    GetLogEvents: getLogEvents,
    ListLogGroups: listLogGroups,
    ListTagsForResource: listTagsForResource,
    ListTagsLogGroup: listTagsLogGroup,
    PutLogEvents: putLogEvents,
    PutLogGroupDeletionProtection: putLogGroupDeletionProtection,
    PutRetentionPolicy: putRetentionPolicy,
    TagLogGroup: tagLogGroup,
    TagResource: tagResource,
    TestMetricFilter: testMetricFilter,
    UntagLogGroup: untagLogGroup,
    UntagResource: untagResource,
  },
  // Source: CloudWatch Logs User Guide, "Logging API calls with CloudTrail".
  dataEvents: ['FilterLogEvents', 'GetLogEvents', 'PutLogEvents'],
  resources,
  workers,
});
