import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const port = 8080;
const server = `require("http").createServer((_, answer) => answer.end("hello\\n")).listen(${port})`;

/** A service that APIs lead to: stands for a component of yours. It runs in the deployment's network. */
export class BackEnd extends pulumi.ComponentResource {
  /** The endpoint of an API, as the gateways reach it. */
  readonly url: pulumi.Output<string>;
  readonly container: docker.Container;

  constructor(
    name: string,
    args: { readonly network: docker.Network; readonly image: pulumi.Input<string> },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("example:BackEnd", name, {}, opts);
    this.container = new docker.Container(
      `${name}-container`,
      {
        name: pulumi.interpolate`${args.network.name}-${name}`,
        hostname: name,
        image: args.image,
        entrypoints: ["node", "-e", server],
        networksAdvanced: [{ name: args.network.name, aliases: [name] }],
      },
      // Pulumi does not pass a component's dependsOn on to its children.
      { parent: this, ...(opts?.dependsOn && { dependsOn: opts.dependsOn }) },
    );
    this.url = pulumi.output(`http://${name}:${port}/`);
    this.registerOutputs({ url: this.url });
  }
}
