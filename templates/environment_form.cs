<?cs # environment_form.cs: a new environment, or the settings of one ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<form class="panel narrow" method="post"><?cs call:secret() ?>
<?cs call:input(name, "name", "Name", "", "text") ?>
<?cs call:text(slug, "slug", "Name in addresses and file names", "a–z, 0–9 and dashes") ?>
<div class="field<?cs if:kind.error ?> is-faulty<?cs /if ?>" id="kind" tabindex="-1"><fieldset><legend>Kind</legend><?cs if:kind.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:kind.error ?></p><?cs /if ?>
<?cs each:k = kinds ?><?cs call:radio("kind", k.value, k.text, "", k.on) ?>
<?cs /each ?></fieldset></div>
<?cs if:!new ?><h2>Restores into it</h2>
<?cs call:text(hook_before, "hook_before", "Hook before", "The name of an executable in the folder hooks of this instance. It runs just before a restore is switched in: to stop the application, say. When it fails, nothing is changed.") ?>
<?cs call:text(hook_after, "hook_after", "Hook after", "The same, just after: to start it again and empty its caches. It runs also after a restore that failed behind the first hook.") ?>
<?cs call:input(hook_limit, "hook_limit", "Seconds a hook may take", "1 to 3600", "number") ?>
<?cs call:area(watchers, "watchers", "Who hears of every restore", "E-mail addresses, one a line", "3") ?>
<?cs call:text(hook_code, "hook_code", "Hook that names the code", "The name of an executable in that folder that prints one line: the commit or version that runs. It is kept with each backup, and a restore tells when the target runs another.") ?>
<h2>Consistent backups</h2>
<?cs call:text(hook_freeze, "hook_freeze", "Hook that holds the application", "The name of an executable in the folder hooks of this instance. It runs before a consistent backup reads anything. When it fails, no backup is taken.") ?>
<?cs call:text(hook_thaw, "hook_thaw", "Hook that lets it go", "It runs as soon as all is read, or the time is up, and in any case: also when the backup fails or is killed. It may run twice.") ?>
<?cs call:input(freeze_seconds, "freeze_seconds", "Seconds it may be held", "1 to 600; then it is let go and the backup goes on as a live one. Empty: " + freeze_seconds.inherited, "number") ?>
<?cs /if ?><div class="actions"><?cs if:new ?><?cs call:button("Add environment", "primary") ?><?cs else ?><?cs call:button("Save", "primary") ?><?cs /if ?> <a class="button" href="<?cs var:back ?>">Cancel</a></div>
</form>
<?cs if:pause.href ?><p><a href="<?cs var:page.env.href ?>/policies">Policies of this environment</a>: time zone, trash, alarms, storage, downloads</p>
<p><a href="<?cs var:page.env.href ?>/notifications">Notifications of this environment</a>: who is told of what happens here</p>
<?cs /if ?><?cs if:pause.href && page.may.configure ?><section class="panel narrow" aria-labelledby="pause"><h2 id="pause"><?cs if:pause.on ?>Paused<?cs else ?>Pause<?cs /if ?></h2>
<p><?cs if:pause.on ?>No backups can be made. What is there can be looked at, verified and downloaded.<?cs else ?>A paused environment takes no new backups, for as long as the site is being moved or rebuilt. What is there stays as it is.<?cs /if ?></p>
<form method="post" action="<?cs var:pause.href ?>"><?cs call:secret() ?><input type="hidden" name="paused" value="<?cs if:pause.on ?>0<?cs else ?>1<?cs /if ?>"><div class="actions"><?cs if:pause.on ?><?cs call:button("Resume", "primary") ?><?cs else ?><?cs call:button("Pause this environment", "") ?><?cs /if ?></div></form></section>
<section class="panel narrow" aria-labelledby="badge"><h2 id="badge">Badge</h2><p>A small picture of how safe this environment is, for a README or a status page.</p><div class="actions"><a class="button" href="<?cs var:page.env.href ?>/badge">Badge</a></div></section>
<?cs /if ?><?cs include!"foot.cs" ?>
