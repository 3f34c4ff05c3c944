"""Edits that break the engine, each with the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "engine" / "modelport_engine"
RUNS = "test_replay.py::test_a_recorded_run_is_repeated_with_the_same_requests_and_leaves_the_same_state"


@dataclass(frozen=True)
class Mutation:
    """One edit: `old`, which stands once in `file` of the engine, becomes `new`.

    `tests` are what pytest is given, relative to tests/engine; at least one of them must fail.
    """

    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, engine: Path = ENGINE) -> str:
        """The text of the file with the edit. Raises ValueError if `old` does not stand in it once."""
        text = (engine / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.breaks}: found {text.count(self.old)} times in {self.file}: {self.old!r}")
        return text.replace(self.old, self.new)


GENERATOR, STEPS, EXECUTOR = "update/generator.py", "update/steps.py", "update/executor.py"
MANAGER, STACK, RUN = "state/snapshot_manager.py", "projects/stack.py", "update/run.py"
SECOND_CHECK = "await provider.check(goal.urn, {}, goal.inputs, seed)"
TWICE = "test_programs.py::test_a_replacement_is_checked_twice_with_the_same_seed"
OPTIONS = "test_options.py::Test"
STATE = "test_snapshot_manager.py"

MUTATIONS = [
    Mutation("the second Check of a replacement is skipped", GENERATOR, SECOND_CHECK, "new.inputs", (TWICE,)),
    Mutation("the second Check has another seed", GENERATOR, SECOND_CHECK,
             "await provider.check(goal.urn, {}, goal.inputs, secrets.token_bytes(32))", (TWICE,)),
    Mutation("the second Check knows the old inputs", GENERATOR, SECOND_CHECK,
             "await provider.check(goal.urn, old.inputs, goal.inputs, seed)", (f"{RUNS}[05b-up-replace]",)),
    Mutation("ignoreChanges comes after Check", GENERATOR,
             "paths.keep(goal.inputs, old.inputs, goal.ignore_changes)", "goal.inputs", (f"{RUNS}[04b-up-update]",)),
    Mutation("ignoreChanges holds for a new object", GENERATOR, SECOND_CHECK,
             "await provider.check(goal.urn, {}, paths.keep(goal.inputs, old.inputs, goal.ignore_changes), seed)",
             (f"{OPTIONS}Replacements",)),
    Mutation("replaceOnChanges is dropped", GENERATOR,
             "difference = replace_on_changes(difference, goal.replace_on_changes)", "pass",
             (f"{RUNS}[04b-up-update]",)),
    Mutation("olds and news of Diff are swapped", GENERATOR, "old.inputs, old.outputs, new.inputs, goal.ignore_changes",
             "new.inputs, old.outputs, old.inputs, goal.ignore_changes", (f"{RUNS}[04b-up-update]",)),
    Mutation("a refresh does not exchange old and new", STEPS, "id, inputs, outputs, old.inputs, old.ignore_changes",
             "id, old.inputs, outputs, inputs, old.ignore_changes", (f"{RUNS}[06b-refresh]",)),
    Mutation("deletes begin with what others need", "update/deletions.py",
             "for layer in reversed(result)]", "for layer in result]", ("test_deletions.py",)),
    Mutation("a component does not stand for what is inside", "update/deletions.py",
             "inside[ancestor] = max(level, inside.get(ancestor, 0))", "pass", ("test_deletions.py",)),
    Mutation("dependents outlive what is deleted first", GENERATOR,
             "dependents_to_replace(root, self.old_order,", "dependents_to_replace(root, (),",
             (f"{RUNS}[40e-p1-up-dbr-cascade]",)),
    Mutation("aliases are not looked up", GENERATOR, "for urn in (goal.urn, *goal.aliases):", "for urn in (goal.urn,):",
             (f"{RUNS}[42a-up-alias-rename]",)),
    Mutation("protected resources are deleted", STEPS, "if self.op is Op.DELETE and self.resource.protect:",
             "if False:", (f"{RUNS}[19a-destroy-protected]",)),
    Mutation("protected resources are replaced", GENERATOR, "if goal.protect and old.protect:", "if False:",
             (f"{OPTIONS}Protect",)),
    Mutation("retained objects are deleted", GENERATOR, "resource.external or resource.retain_on_delete or",
             "resource.external or", (f"{RUNS}[44b-up-retain-removed]",)),
    Mutation("deletedWith is ignored", GENERATOR, "kept or resource.deleted_with in self.condemned", "kept",
             (f"{OPTIONS}DeletedWith",)),
    Mutation("replaced objects stay for ever", GENERATOR, "if resource.delete or urn in self.replaced:",
             "if resource.delete:", (f"{RUNS}[05b-up-replace]",)),
    Mutation("an object deleted before its replacement is not marked", GENERATOR,
             "replace(old, pending_replacement=True)", "replace(old)", (f"{OPTIONS}Replacements",)),
    Mutation("an object that is not ready is left so", GENERATOR, "if old.init_errors and not difference.changed:",
             "if False:", ("test_faults.py::test_an_object_that_is_made_but_not_ready_is_kept_and_tried_again",)),
    Mutation("what depends on a failure is made", EXECUTOR, "if resource.needs & self.failed:", "if False:",
             (f"{OPTIONS}ContinueOnError",)),
    Mutation("the limit of parallel steps is ignored", EXECUTOR, "asyncio.Semaphore(parallel)",
             "asyncio.Semaphore(1000)", (f"{OPTIONS}Parallel",)),
    Mutation("a crash counts as a refusal", EXECUTOR, "except PluginFailed as error:",
             "except ZeroDivisionError as error:", ("test_faults.py::test_a_plugin_that_dies_is_named_with_its_last"
                                                    "_words_and_the_operation_stays_pending",)),
    Mutation("nothing is pending while it happens", MANAGER, "self._operations.append(operation)", "pass", (STATE,)),
    Mutation("what has ended stays pending", MANAGER,
             "self._operations = [each for each in self._operations if each is not operation]", "pass", (STATE,)),
    Mutation("every pending operation is carried over", MANAGER, "if each.type == CARRIED_OVER]", "if True]", (STATE,)),
    Mutation("what was touched stands last", MANAGER,
             "[*self._touched.slots.values(), *self._untouched.slots.values()]",
             "[*self._untouched.slots.values(), *self._touched.slots.values()]", (STATE,)),
    Mutation("an inconsistent state is written", STACK, "        snapshot.check()\n", "",
             ("test_backend.py::test_an_inconsistent_state_is_not_written",)),
    Mutation("state is written with a wrong passphrase", STACK, "        self.secrets.verify()\n", "",
             ("test_backend.py::test_nothing_is_written_with_a_wrong_passphrase",)),
    Mutation("secrets stand in the open", "state/secrets.py", '{"ciphertext": self.encrypt(text)}',
             '{"plaintext": text}', (f"{OPTIONS}Secrets",)),
    Mutation("a secret that a program sends is none any more", "protocol/values.py",
             'return Secret(signed.get("value"))', 'return signed.get("value")', (f"{RUNS}[01-up-first]",)),
    Mutation("the second look for locks is left out", "state/locks.py",
             "        _refuse_others(folder, mine)  # two processes", "        # two processes",
             ("test_locks.py::test_a_lock_that_came_at_the_same_moment_makes_both_step_back",)),
    Mutation("a second Ctrl-C looks like a first", "deployment.py", "CANCELLED = 8", "CANCELLED = 1",
             ("test_faults.py::test_two_interrupts_stop_at_once_and_leave_the_operation_pending",)),
    Mutation("a failure forgets the old outputs of the stack", RUN,
             "        if self.executor.errors:\n", "        if False:\n", (f"{OPTIONS}Outputs",)),
    Mutation("stack policies do not judge", RUN, "                await self._judge_stack()\n",
             "                pass\n",
             ("test_analyzers.py::test_a_stack_policy_sees_outputs_also_the_stacks_own_and_fails_the_update_after"
              "_the_changes",)),
    Mutation("a remediation changes nothing", "update/analyzers.py", "inputs = await self._remediate(pack",
             "await self._remediate(pack",
             ("test_analyzers.py::test_a_remediation_changes_what_is_created_and_is_told_with_secrets_hidden",)),
    Mutation("a mandatory policy only advises", "update/analyzers.py", "level = LEVELS[found.enforcementLevel]",
             'level = "advisory"',
             ("test_faults.py::test_a_mandatory_policy_stops_up_before_anything_is_made_and_a_preview_runs_to_its_end",)),
    Mutation("each user has a default provider of its own", "update/registry.py", 'if (key := f"{urn}@{url}") not in',
             'if (key := f"{urn}@{url}@{uuid4()}") not in', ("test_programs.py",)),
    Mutation("what a provider's Check refuses is made", "plugins/provider.py",
             "raise_failures(urn, news, answer.failures)\n        return self._answered(answer.inputs, news)",
             "return self._answered(answer.inputs, news)", (f"{RUNS}[41c-up-checkfail]",)),
    Mutation("messages show secrets", "update/events.py",
             "return self._secrets.sub(HIDDEN, text) if self._secrets else text", "return text",
             ("test_events.py::test_secrets_are_hidden_in_messages_and_deep_in_values",)),
]  # fmt: skip
