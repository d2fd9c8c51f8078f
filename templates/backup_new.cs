<?cs # backup_new.cs: asking for a backup ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:env.paused ?><div class="notice is-warn" role="alert"><?cs call:icon("cancelled") ?><p><?cs var:env.label ?> is paused: no backups can be made. <a href="<?cs var:base ?>/settings">Resume it in the settings</a></p></div>
<?cs elif:none ?><div class="empty"><?cs call:empty("Nothing to back up yet", "This environment has no services.") ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/services/new">Add a service</a></div></div>
<?cs else ?><?cs if:busy.href ?><div class="notice is-busy"><?cs call:icon("running") ?><p>A backup of <?cs var:env.label ?> is already running (<?cs var:busy.id ?>). <a href="<?cs var:busy.href ?>">Watch it</a>. A new one waits until it has ended.</p></div>
<?cs /if ?><form class="panel narrow" method="post" action="<?cs var:base ?>/backups/new">
<?cs call:secret() ?>
<div class="field<?cs if:services.error ?> is-faulty<?cs /if ?>" id="services" tabindex="-1">
<?cs if:services.error ?><p class="fault" id="services-fault"><?cs call:icon("failed") ?><?cs var:services.error ?></p><?cs /if ?>
<?cs each:g = groups ?><fieldset<?cs if:services.error ?> aria-describedby="services-fault"<?cs /if ?>><legend><?cs call:icon(g.icon) ?> <?cs var:g.title ?></legend>
<?cs each:s = g.services ?><div class="pick"><input type="checkbox" id="services-<?cs var:s.slug ?>" name="services" value="<?cs var:s.slug ?>"<?cs if:s.on ?> checked<?cs /if ?> aria-describedby="services-<?cs var:s.slug ?>-hint"><label for="services-<?cs var:s.slug ?>"><?cs var:s.name ?></label><p class="hint" id="services-<?cs var:s.slug ?>-hint"><?cs var:s.engine ?><?cs if:s.last.text ?>, <?cs var:s.last.text ?> last time<?cs /if ?><?cs if:s.check.tone == "bad" ?>. The last connection test failed. <a href="<?cs var:s.href ?>">Look at it</a><?cs /if ?></p></div>
<?cs /each ?></fieldset>
<?cs /each ?></div>
<?cs if:mode.offered ?><div class="field<?cs if:mode.error ?> is-faulty<?cs /if ?>" id="mode" tabindex="-1"><fieldset><legend>How</legend><?cs if:mode.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:mode.error ?></p><?cs /if ?>
<?cs if:mode.usual ?><?cs set:mode.hint = "All parts are of one moment. The application is paused while they are read, " + mode.usual + " the last time." ?><?cs else ?><?cs set:mode.hint = "All parts are of one moment. The application is paused while they are read; for how long is not known yet." ?><?cs /if ?>
<?cs call:radio("mode", "consistent", "Consistent", mode.hint, mode.consistent) ?>
<?cs call:radio("mode", "live", "Live", "No downtime. Each part is whole in itself, but what changes meanwhile may be in one part and not in another.", mode.live) ?>
<?cs if:window.text ?><?cs set:window.hint = "Here the application is to be paused from " + window.text + " (" + window.zone + ") only; it is another time now." ?><?cs call:choice("anyway", "1", "Pause it now all the same", window.hint, window.anyway) ?>
<?cs /if ?></fieldset></div>
<?cs else ?><p class="muted">Live, without downtime: each part is whole in itself, but what changes meanwhile may be in one part and not in another. With a hook that pauses the application a consistent backup could be made. <a href="<?cs var:settings ?>">Set one in the settings</a></p>
<?cs /if ?><?cs call:area(note, "note", "Note", "What this backup is for: before an upgrade, before a deploy. At most 500 characters.", "3") ?>
<?cs call:input(keep_days, "keep_days", "Keep it for days", "At least so long no rule deletes it. Empty: as long as the rule of retention says.", "number") ?>
<?cs if:anew.offered ?><?cs call:choice("anew", "1", "Store all files anew", "Also those that have not changed and that older backups have. It takes as long and as much room as the first time.", anew.on) ?>
<?cs /if ?><?cs if:mail.to ?><?cs call:choice("mail", "1", "Mail me when it is done", mail.to, mail.on) ?><?cs /if ?>
<?cs if:estimate.raw.text ?><p class="muted">About <?cs call:size(estimate.raw) ?> to read and <?cs call:size(estimate.stored) ?> to store, going by the last backups<?cs if:estimate.partial ?>; what was never backed up comes on top<?cs /if ?>.</p>
<?cs else ?><p class="muted">How much it will be is not known yet: this is the first backup of these services.</p>
<?cs /if ?><div class="actions"><?cs call:button("Create backup", "primary") ?> <a class="button" href="<?cs var:base ?>/backups">Cancel</a></div>
</form>
<?cs /if ?><?cs include!"foot.cs" ?>
