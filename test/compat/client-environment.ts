// The environment in which the official clients find this cloud, and nothing else.

/**
 * @param account 12 digits: as an access key it stands for the account of this number.
 * @returns variables for a child process, without any that the machine has set for AWS.
 */
export function clientEnvironment(endpoint: string, account: string): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS|TF|BOTO)_/.test(name));
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_PAGER: '',
    // Programs that honour a proxy must not send what is for this machine to it.
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
  };
}
