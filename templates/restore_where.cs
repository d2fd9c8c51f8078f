<?cs # restore_where.cs: the second step of a restore: where it goes ?><?cs include!"macros.cs" ?><?cs def:carried() ?><?cs each:c = picks ?><input type="hidden" name="part" value="<?cs var:c.id ?>"><?cs if:c.only ?><input type="hidden" name="only-<?cs var:c.id ?>" value="1"><input type="hidden" name="choice-<?cs var:c.id ?>" value="<?cs var:c.choice ?>"><?cs /if ?><?cs /each ?><?cs /def ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p>From backup <a href="<?cs var:backup.href ?>"><?cs var:backup.id ?></a> of <?cs var:source ?>, <?cs var:backup.created.date ?> UTC: <?cs each:c = picks ?><?cs if:!first(c) ?>, <?cs /if ?><?cs var:c.name ?><?cs if:c.only ?> (in part)<?cs /if ?><?cs /each ?></p>
<ol class="steps"><li class="is-done"><?cs call:icon("ok") ?>1 What</li><li class="is-now">2 Where</li><li>3 Confirm</li></ol>
<form class="panel narrow" method="get" action="<?cs var:backup.href ?>/restore"><input type="hidden" name="step" value="2"><?cs call:carried() ?>
<div class="field<?cs if:to.error ?> is-faulty<?cs /if ?>"><fieldset><legend>Into which environment</legend>
<?cs if:same.may ?><div class="pick"><input type="radio" id="place-same" name="place" value="same"<?cs if:same.on ?> checked<?cs /if ?>><label for="place-same">Same place: <?cs var:source ?></label></div>
<?cs else ?><div class="pick"><input type="radio" id="place-same" name="place" value="same" disabled aria-describedby="place-same-hint"><label for="place-same">Same place: <?cs var:source ?></label><p class="hint" id="place-same-hint">It is live: an administrator may restore into it.</p></div>
<?cs /if ?><div class="pick"><input type="radio" id="place-other" name="place" value="other"<?cs if:other.on ?> checked<?cs /if ?>><label for="place-other">Another environment</label></div></fieldset>
<label for="to">Project and environment</label><?cs if:to.error ?><p class="fault" id="to-fault"><?cs call:icon("failed") ?><?cs var:to.error ?></p><?cs /if ?>
<select id="to" name="to"<?cs if:to.error ?> aria-invalid="true" aria-describedby="to-fault"<?cs /if ?>><option value="">Choose…</option><?cs each:v = places ?><option value="<?cs var:v.id ?>"<?cs if:v.why ?> disabled<?cs elif:v.on ?> selected<?cs /if ?>><?cs var:v.label ?><?cs if:v.why ?> (<?cs var:v.why ?>)<?cs /if ?></option><?cs /each ?></select></div>
<div class="actions"><?cs if:target.id ?><?cs call:button("Change the environment", "") ?><?cs else ?><?cs call:button("Use this environment", "primary") ?><?cs /if ?> <a class="button is-quiet" href="<?cs var:backup.href ?>">Cancel</a></div>
</form>
<?cs if:target.id ?><form class="panel narrow" method="post" action="<?cs var:backup.href ?>/restore">
<h2>Into <?cs var:target.label ?><?cs if:target.live ?> (live)<?cs /if ?></h2>
<?cs call:secret() ?><?cs call:carried() ?><input type="hidden" name="to" value="<?cs var:target.id ?>"><input type="hidden" name="seen" value="<?cs var:target.label ?>"><input type="hidden" name="place" value="<?cs if:same.on ?>same<?cs else ?>other<?cs /if ?>">
<?cs each:l = landings ?><div class="field<?cs if:l.error ?> is-faulty<?cs /if ?>"><label for="service-<?cs var:l.id ?>"><?cs call:icon(l.icon) ?> <?cs var:l.name ?>, <?cs var:l.size.text ?>, goes into</label><?cs if:l.error ?><p class="fault" id="service-<?cs var:l.id ?>-fault"><?cs call:icon("failed") ?><?cs var:l.error ?></p><?cs /if ?>
<?cs if:l.nowhere ?><p class="hint"><?cs var:target.label ?> has no service that it fits into. <a href="<?cs var:target.services ?>">Add one</a>, or <a href="<?cs var:backup.href ?>/download">prepare a download instead</a>.</p>
<?cs /if ?><select id="service-<?cs var:l.id ?>" name="service-<?cs var:l.id ?>"<?cs if:l.error ?> aria-invalid="true" aria-describedby="service-<?cs var:l.id ?>-fault"<?cs /if ?>><option value="">Choose…</option><?cs each:s = l.services ?><option value="<?cs var:s.id ?>"<?cs if:s.why ?> disabled<?cs elif:s.on ?> selected<?cs /if ?>><?cs var:s.name ?><?cs if:s.why ?>: <?cs var:s.why ?><?cs /if ?></option><?cs /each ?></select></div>
<?cs /each ?>
<div class="field<?cs if:mode.error ?> is-faulty<?cs /if ?>" id="mode" tabindex="-1"><fieldset><legend>How</legend><?cs if:mode.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:mode.error ?></p><?cs /if ?>
<?cs call:radio("mode", "replace", "Replace", "What is there is taken away; afterwards the target equals the backup.", replace) ?>
<?cs call:radio("mode", "add", "Add on top", "Existing rows stay. In PostgreSQL a row whose key is there already is left out; in SQLite it makes all of it fail, and then nothing is changed. Files that are there, too, are replaced by the backup’s; all others stay.", add) ?>
<?cs call:radio("mode", "new", "New service beside it", "Nothing that is in use changes. You look at the new service, and then switch between the two, there and back.", new) ?></fieldset></div>
<?cs if:postgresql ?><?cs call:choice("owners", "1", "Keep owners and grants of the dump", "PostgreSQL: only when the same roles exist in the target. Without it, everything belongs to the user of the service.", owners.on) ?>
<?cs /if ?><p class="muted">Nothing is changed yet. Next the target is looked at, and you see what will change.</p>
<div class="actions"><?cs call:button("Next: see what will change", "primary") ?> <a class="button" href="<?cs var:backup.href ?>">Cancel</a></div>
</form>
<?cs /if ?><?cs include!"foot.cs" ?>
