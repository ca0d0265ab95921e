// DynamoDB Streams: the second door of this folder, a service of its own over the tables' state.
import { defineService } from '../../../kernel/service.ts';
import { getRecords, getShardIterator } from './operations/records.ts';
import { describeStream, listStreams } from './operations/streams.ts';

export const dynamodbStreams = defineService<'dynamodbstreams'>({
  id: 'dynamodbstreams',
  operations: {
    DescribeStream: describeStream,
    GetRecords: getRecords,
    GetShardIterator: getShardIterator,
    ListStreams: listStreams,
  },
  dataEvents: ['GetRecords', 'GetShardIterator'],
});
