<?cs # policies.cs: all policies of a level, the own value beside the inherited one ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="lead">What is set nearest holds: the environment, then its project, then the instance, then the default.</p>
<div class="grid">
<?cs each:p = policies ?><section class="card" aria-labelledby="<?cs var:p.name ?>-title"><h2 id="<?cs var:p.name ?>-title"><?cs var:p.title ?></h2>
<p><?cs if:p.own ?><strong><?cs var:p.own ?></strong> <span class="muted">set here; otherwise it would be <?cs var:p.inherited ?>, from <?cs var:p.origin ?></span><?cs else ?><span class="muted">inherited:</span> <strong><?cs var:p.inherited ?></strong> <span class="muted">from <?cs var:p.origin ?></span><?cs /if ?></p>
<?cs if:p.retention ?><p><a class="button" href="<?cs var:base ?>/retention"><?cs if:may_change ?>Change<?cs else ?>Look<?cs /if ?><span class="unseen"> the retention</span></a></p>
<?cs elif:may_change ?><form method="post" action="<?cs var:base ?>/policies"><?cs call:secret() ?><input type="hidden" name="policy" value="<?cs var:p.name ?>">
<<?cs if:subcount(p.boxes) ?>fieldset<?cs else ?>div<?cs /if ?> class="field<?cs if:p.error ?> is-faulty<?cs /if ?>"><?cs if:subcount(p.boxes) ?><legend>New value<span class="unseen"> of <?cs var:p.title ?></span></legend><?cs else ?><label for="<?cs var:p.name ?>">New value<span class="unseen"> of <?cs var:p.title ?></span></label><?cs /if ?><p class="hint" id="<?cs var:p.name ?>-hint"><?cs var:p.hint ?></p><?cs if:p.error ?><p class="fault" id="<?cs var:p.name ?>-fault"><?cs call:icon("failed") ?><?cs var:p.error ?><?cs if:p.name == "storage" || p.name == "copies" ?> <a href="/storage">The storages there are</a><?cs /if ?></p><?cs /if ?>
<?cs if:subcount(p.boxes) ?><?cs each:b = p.boxes ?><?cs call:choice("value", b.value, b.value, "", b.on) ?><?cs /each ?>
<?cs elif:subcount(p.options) ?><select id="<?cs var:p.name ?>" name="value" aria-describedby="<?cs var:p.name ?>-hint<?cs if:p.error ?> <?cs var:p.name ?>-fault<?cs /if ?>"<?cs if:p.error ?> aria-invalid="true"<?cs /if ?>><?cs each:o = p.options ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select>
<?cs else ?><input type="text" id="<?cs var:p.name ?>" name="value" value="<?cs var:p.value ?>" autocomplete="off" spellcheck="false" aria-describedby="<?cs var:p.name ?>-hint<?cs if:p.error ?> <?cs var:p.name ?>-fault<?cs /if ?>"<?cs if:p.error ?> aria-invalid="true"<?cs /if ?>>
<?cs /if ?></<?cs if:subcount(p.boxes) ?>fieldset<?cs else ?>div<?cs /if ?>>
<?cs if:p.saving ?><div class="notice is-bad"><?cs call:icon("warning") ?><div><p><strong><?cs var:p.saving ?>.</strong> They leave the storage and cannot be put back.</p><input type="hidden" name="list" value="<?cs var:p.list ?>">
<?cs call:input(typed, "typed", "Type " + p.go_count, "The number of backups that go", "number") ?></div></div>
<?cs elif:p.looked ?><div class="notice is-good" role="status"><?cs call:icon("ok") ?><p>Saving this deletes nothing now.</p></div>
<?cs /if ?><div class="actions"><?cs if:p.looks ?><button type="submit" class="button" name="do" value="look">Show what would go</button> <?cs /if ?><button type="submit" class="button is-primary" name="do" value="save">Save</button><?cs if:p.own ?> <button type="submit" class="button" name="do" value="inherit">Use inherited</button><?cs /if ?></div></form>
<?cs /if ?></section>
<?cs /each ?></div>
<?cs include!"foot.cs" ?>
