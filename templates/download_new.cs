<?cs # download_new.cs: asking for files of a backup ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p>From backup <a href="<?cs var:backup.href ?>"><?cs var:backup.id ?></a>, <?cs var:backup.created.date ?> UTC<?cs if:backup.note ?>: <span class="note"><?cs var:backup.note ?></span><?cs /if ?></p>
<form class="panel narrow" method="post" action="<?cs var:backup.href ?>/download"><?cs call:secret() ?><?cs if:of ?><input type="hidden" name="part" value="<?cs var:of ?>"><?cs each:t = entries ?><input type="hidden" name="entry" value="<?cs var:t.id ?>"><?cs /each ?><?cs /if ?>
<div class="field<?cs if:parts.error ?> is-faulty<?cs /if ?>" id="parts" tabindex="-1"><fieldset<?cs if:parts.error ?> aria-describedby="parts-fault"<?cs /if ?>><legend>What</legend>
<?cs if:parts.error ?><p class="fault" id="parts-fault"><?cs call:icon("failed") ?><?cs var:parts.error ?></p><?cs /if ?>
<?cs each:c = choices ?><div class="pick"><input type="checkbox" id="parts-<?cs var:c.id ?>" name="parts" value="<?cs var:c.id ?>"<?cs if:c.on ?> checked<?cs /if ?> aria-describedby="parts-<?cs var:c.id ?>-hint"><label for="parts-<?cs var:c.id ?>"><?cs call:icon(c.icon) ?> <?cs var:c.name ?></label><p class="hint" id="parts-<?cs var:c.id ?>-hint"><?cs if:subcount(c.only) ?>Only what was ticked:<?cs else ?><?cs call:size(c.size) ?>; comes as <?cs var:c.gives ?><?cs /if ?></p><?cs if:subcount(c.only) ?><ul class="hint paths"><?cs each:o = c.only ?><li><?cs var:o.path ?></li><?cs /each ?></ul><?cs /if ?></div>
<?cs /each ?></fieldset></div>
<?cs if:media ?><div class="field<?cs if:format.error ?> is-faulty<?cs /if ?>"><label for="format">Media as</label><?cs if:format.error ?><p class="fault" id="format-fault"><?cs call:icon("failed") ?><?cs var:format.error ?></p><?cs /if ?><select id="format" name="format"<?cs if:format.error ?> aria-invalid="true" aria-describedby="format-fault"<?cs /if ?>><?cs each:o = formats ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<?cs /if ?><div class="field<?cs if:valid.error ?> is-faulty<?cs /if ?>"><label for="valid">Links are valid for</label><?cs if:valid.error ?><p class="fault" id="valid-fault"><?cs call:icon("failed") ?><?cs var:valid.error ?></p><?cs /if ?><select id="valid" name="valid"<?cs if:valid.error ?> aria-invalid="true" aria-describedby="valid-fault"<?cs /if ?>><?cs each:o = lives ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<?cs call:input(uses, "uses", "Downloads allowed per file", "1 to 20. Only complete ones count.", "number") ?>
<p class="muted">When the files are ready, the links are mailed to <?cs var:mail.to ?>.</p>
<div class="actions"><?cs call:button("Prepare download", "primary") ?> <a class="button" href="<?cs var:backup.href ?>">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
