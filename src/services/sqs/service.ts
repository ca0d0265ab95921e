// Amazon SQS: the operation table, resources and workers of the queue service.
import { defineService, notImplemented } from '../../kernel/service.ts';

const later = 'being written';
export const sqs = defineService<'sqs'>({
  id: 'sqs',
  operations: {
    AddPermission: notImplemented(later),
    CancelMessageMoveTask: notImplemented(later),
    ChangeMessageVisibilityBatch: notImplemented(later),
    ChangeMessageVisibility: notImplemented(later),
    CreateQueue: notImplemented(later),
    DeleteMessageBatch: notImplemented(later),
    DeleteMessage: notImplemented(later),
    DeleteQueue: notImplemented(later),
    GetQueueAttributes: notImplemented(later),
    GetQueueUrl: notImplemented(later),
    ListDeadLetterSourceQueues: notImplemented(later),
    ListMessageMoveTasks: notImplemented(later),
    ListQueueTags: notImplemented(later),
    ListQueues: notImplemented(later),
    PurgeQueue: notImplemented(later),
    ReceiveMessage: notImplemented(later),
    RemovePermission: notImplemented(later),
    SendMessageBatch: notImplemented(later),
    SendMessage: notImplemented(later),
    SetQueueAttributes: notImplemented(later),
    StartMessageMoveTask: notImplemented(later),
    TagQueue: notImplemented(later),
    UntagQueue: notImplemented(later),
  },
});
