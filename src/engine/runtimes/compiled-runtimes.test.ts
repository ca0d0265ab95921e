// provided.al2023 with programs compiled from AWS's own libraries for Go and Rust, where there are the toolchains.
import { createHash } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHarness } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';

const GO = {
  'go.mod': 'module example\n\ngo 1.21\n\nrequire github.com/aws/aws-lambda-go v1.49.0\n',
  'main.go': `package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	N    int  \`json:"n"\`
	Fail bool \`json:"fail"\`
}

func main() {
	lambda.Start(func(ctx context.Context, e event) (map[string]any, error) {
		fmt.Println("printed")
		if e.Fail {
			return nil, errors.New("as asked")
		}
		c, _ := lambdacontext.FromContext(ctx)
		return map[string]any{"n": e.N, "id": c.AwsRequestID, "arn": c.InvokedFunctionArn, "name": lambdacontext.FunctionName}, nil
	})
}
`,
};

const RUST = {
  'Cargo.toml': `[package]
name = "bootstrap"
version = "1.0.0"
edition = "2021"

[dependencies]
lambda_runtime = { version = "=1.5.0", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros"] }

[profile.dev]
strip = true
`,
  'src/main.rs': `use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Value>| async move {
        println!("printed");
        if event.payload["fail"] == true {
            return Err(Error::from("as asked"));
        }
        let context = event.context;
        Ok::<Value, Error>(json!({
            "n": event.payload["n"], "id": context.request_id,
            "arn": context.invoked_function_arn, "name": context.env_config.function_name,
        }))
    }))
    .await
}
`,
};

interface Toolchain {
  readonly language: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly commands: readonly (readonly [string, ...string[]])[];
  readonly output: string;
  /** Compiles for a minute and more: only with CI set, or where it was compiled before. */
  readonly isSlow?: true;
  readonly failure: unknown;
}

const TOOLCHAINS: readonly Toolchain[] = [
  {
    language: 'go',
    sources: GO,
    commands: [['go', 'mod', 'tidy'], ['go', 'build', '-o', 'bootstrap', '.']],
    output: 'bootstrap',
    // aws-lambda-go, lambda/errors.go: the type's name
    failure: { errorType: 'errorString', errorMessage: 'as asked' },
  },
  {
    language: 'cargo',
    sources: RUST,
    commands: [['cargo', 'build', '--quiet']],
    output: 'target/debug/bootstrap',
    isSlow: true,
    // lambda_runtime, diagnostic.rs: the type's name
    failure: { errorType: expect.stringContaining('Error'), errorMessage: 'as asked' },
  },
];

/** The compiled program; compiled once per machine and source. Undefined where it cannot be. */
function compile({ language, sources, commands, output, isSlow }: Toolchain): Buffer | undefined {
  if (spawnSync(language, ['version']).error !== undefined) return undefined;
  const hash = createHash('sha256').update(JSON.stringify(sources)).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `cloudlet-test-${language}-${hash}`);
  const program = join(folder, output);
  if (existsSync(program)) return readFileSync(program);
  if (isSlow === true && process.env['CI'] === undefined) return undefined;
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  try {
    const env = { ...process.env, CGO_ENABLED: '0' };
    for (const [file, ...args] of commands) execFileSync(file, args, { cwd: folder, env, stdio: 'pipe', timeout: 300_000 });
    return readFileSync(program);
  } catch {
    return undefined;
  }
}

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

for (const toolchain of TOOLCHAINS) {
  const program = compile(toolchain);
  const missing = program === undefined ? ` (skipped: ${toolchain.isSlow === true ? 'CI is not set, or ' : ''}${toolchain.language} is missing or cannot fetch AWS's library)` : '';

  describe.skipIf(program === undefined)(`a bootstrap compiled by ${toolchain.language}${missing}`, () => {
    test.each(['process', 'sandbox'] as const)('%s driver', async (isolation) => {
      if (isolation === 'sandbox' && sandbox === undefined) return;
      await using harness = createHarness({ isolation });
      const files = { bootstrap: { content: program ?? '', mode: 0o755 } };
      const definition = await harness.define(files, { runtime: 'provided.al2023', handler: 'bootstrap' });
      const first = await harness.invoke(definition, { n: 7 }, { requestId: 'r-compiled' });
      expect(first.json, first.text + first.logTail).toEqual({ n: 7, id: 'r-compiled', arn: definition.arn, name: definition.name });
      expect(first.logTail).toMatch(/START RequestId: r-compiled [^]*printed\nEND RequestId: r-compiled\n/);
      const failed = await harness.invoke(definition, { fail: true });
      expect([failed.error, failed.json]).toEqual(['Unhandled', toolchain.failure]);
      expect((await harness.invoke(definition, { n: 8 })).json).toMatchObject({ n: 8 });
    });
  });
}
