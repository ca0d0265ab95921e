// Amazon SQS: the operation table, resources and workers of the queue service.
import { defineService } from '../../kernel/service.ts';
import { getQueueAttributes, setQueueAttributes } from './operations/attributes.ts';
import { deleteMessage, deleteMessageBatch } from './operations/delete.ts';
import {
  cancelMessageMoveTask,
  listMessageMoveTasks,
  startMessageMoveTask,
} from './operations/move-tasks.ts';
import { addPermission, removePermission } from './operations/permissions.ts';
import {
  createQueue,
  deleteQueue,
  getQueueUrl,
  listDeadLetterSourceQueues,
  listQueues,
  purgeQueue,
} from './operations/queues.ts';
import { receiveMessage } from './operations/receive.ts';
import { sendMessage, sendMessageBatch } from './operations/send.ts';
import { listQueueTags, tagQueue, untagQueue } from './operations/tags.ts';
import { changeMessageVisibility, changeMessageVisibilityBatch } from './operations/visibility.ts';
import { resources } from './resources.ts';
import { workers } from './workers.ts';

export const sqs = defineService<'sqs'>({
  id: 'sqs',
  operations: {
    AddPermission: addPermission,
    CancelMessageMoveTask: cancelMessageMoveTask,
    ChangeMessageVisibility: changeMessageVisibility,
    ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
    CreateQueue: createQueue,
    DeleteMessage: deleteMessage,
    DeleteMessageBatch: deleteMessageBatch,
    DeleteQueue: deleteQueue,
    GetQueueAttributes: getQueueAttributes,
    GetQueueUrl: getQueueUrl,
    ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
    ListMessageMoveTasks: listMessageMoveTasks,
    ListQueueTags: listQueueTags,
    ListQueues: listQueues,
    PurgeQueue: purgeQueue,
    ReceiveMessage: receiveMessage,
    RemovePermission: removePermission,
    SendMessage: sendMessage,
    SendMessageBatch: sendMessageBatch,
    SetQueueAttributes: setQueueAttributes,
    StartMessageMoveTask: startMessageMoveTask,
    TagQueue: tagQueue,
    UntagQueue: untagQueue,
  },
  // Source: SQS Developer Guide, "Logging Amazon SQS API calls using AWS CloudTrail".
  dataEvents: [
    'ChangeMessageVisibility',
    'ChangeMessageVisibilityBatch',
    'DeleteMessage',
    'DeleteMessageBatch',
    'GetQueueAttributes',
    'GetQueueUrl',
    'ListDeadLetterSourceQueues',
    'ListQueues',
    'ListQueueTags',
    'ReceiveMessage',
    'SendMessage',
    'SendMessageBatch',
  ],
  resources,
  workers,
});
