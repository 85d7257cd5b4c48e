import { randomBytes } from "node:crypto";
import { roleThat } from "../../product/roles";
import { selfSignUp } from "../../product/selfSignUp";
import type { ServiceServer } from "../../services/soap";
import { removeUser } from "../../services/users";
import { Refused } from "./answers";
import { Browser, formWith } from "./browser";
import { Created } from "./created";
import type { Front } from "./front";
import { answered } from "./frontService";
import type { GatewayRun } from "./gatewayRun";
import { type ApiName, Store } from "./product";
import { StepFailure } from "./runSteps";
import type { Suspect, Suspects } from "./suspects";

export interface SignUpOptions {
  readonly front: Front;
  readonly need: Suspects;
  /** The servers through whose management services users are removed. */
  readonly services: ServiceServer;
  readonly api: ApiName;
  /** The gateways that the new user's application calls. */
  readonly gateway: GatewayRun;
}

/** The role whose pages offer self sign-up. */
const offering = roleThat(({ selfSignUp: part }) => part === "offers");

/** One new user of the Store: created by self sign-up, and removed again. */
export class SignUpRun {
  readonly user = `verify${randomBytes(4).toString("hex")}`;
  /** In the form that the product demands: 5 to 30 characters without spaces. */
  private readonly password = `Aa1-${randomBytes(8).toString("hex")}`;
  private readonly store: Store;
  private readonly created = new Created<"user" | "application">();

  constructor(private readonly options: SignUpOptions) {
    this.store = new Store(options.front);
  }

  /** Whether the user may exist. */
  get isLeft(): boolean {
    return this.created.has("user");
  }

  /** Signs up with the fields that the Store's page asks for. */
  async signUp(): Promise<void> {
    const values = await this.details();
    await this.created
      .create("user", () => this.store.signUp(this.user, this.password, values))
      .catch((error: unknown) => {
        throw error instanceof Refused ? new StepFailure(error.message, signUpSuspects(this.options.need)) : error;
      });
  }

  /** Tries to sign up where it is closed. */
  async expectRefusal(): Promise<void> {
    const values = await this.details();
    const signUp = this.created.create("user", () => this.store.signUp(this.user, this.password, values));
    const isRefused = await signUp.then(
      () => false,
      (error: unknown) => {
        // Any other refusal would pass when its cause is gone.
        if (error instanceof Refused && /disabled/i.test(error.message)) return true;
        throw error;
      },
    );
    if (!isRefused)
      throw new StepFailure(
        "expected a refusal, since selfSignUp is off, found that the user was created",
        signUpSuspects(this.options.need),
      );
  }

  logIn(): Promise<void> {
    return this.store.logIn(this.user, this.password);
  }

  /** Subscribes to the API with an application of the user's own, and calls it. */
  async callApi(): Promise<void> {
    const { api, gateway } = this.options;
    await this.created.create("application", () => this.store.addApplication(this.user));
    await this.store.subscribe(api, this.user);
    const key = await this.store.generateKey(this.user, gateway.own);
    await gateway.callWithToken(await gateway.gateway.token(key));
  }

  /** Removes the user's application, then the user. */
  async remove(): Promise<void> {
    const { created, store, user } = this;
    if (created.has("application")) await created.remove("application", () => store.removeApplication(user));
    if (created.has("user")) await created.remove("user", () => answered(removeUser(this.options.services, user)));
  }

  /** A value for each detail that the page asks for, in its order. */
  private async details(): Promise<readonly string[]> {
    const { front, need } = this.options;
    const url = new URL(front.url(offering, "https", "/store/site/pages/sign-up.jag"));
    const page = await new Browser(front).open(url);
    const form = formWith(page, { name: "fieldCount" });
    const count = Number(form?.fields.fieldCount);
    if (!(count > 0))
      throw new StepFailure(
        `expected a form with the number of fields on ${url.pathname}, found status ${page.status} and no such form`,
        need.balancer(offering),
      );
    // One value fits all details: the product asks for names, an address, phone numbers and an e-mail address.
    return Array.from({ length: count }, () => "verify@example.com");
  }
}

/** What can be at fault when the Store can't create a user. */
export function signUpSuspects(need: Suspects): Suspect[] {
  return [
    ...need.nodes(offering).map(({ name }) => ({
      link: `${name} -> self sign-up`,
      node: name,
      file: `registry ${selfSignUp.resource}`,
      element: `${selfSignUp.enabled}, ${selfSignUp.user}, ${selfSignUp.password}`,
      why: "the Store creates users with this account; up to 1.8 it is in api-manager.xml",
      settings: ["selfSignUp", "adminUser"],
      also: [`repository/conf/api-manager.xml (AuthManager) of ${name}`],
    })),
    ...need.links(offering, "AuthManager"),
  ];
}
