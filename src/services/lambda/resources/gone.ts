// How Lambda says that what is to be removed is not there.

export const GONE = 'ResourceNotFoundException';
