<?cs # project_form.cs: a new project, or the settings of one ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<form class="panel narrow" method="post"><?cs call:secret() ?>
<?cs call:input(name, "name", "Name", "One web app, such as: Shop", "text") ?>
<?cs call:text(slug, "slug", "Name in addresses and file names", "a–z, 0–9 and dashes") ?>
<?cs call:area(owners, "owners", "Owners", "E-mail addresses, one a line. Whom others ask about this project; may be empty.", "3") ?>
<?cs if:!new ?><p class="muted">Backups made under the old name keep it in storage; they stay restorable.</p>
<?cs /if ?><div class="actions"><?cs if:new ?><?cs call:button("Add project", "primary") ?><?cs else ?><?cs call:button("Save", "primary") ?><?cs /if ?> <a class="button" href="/projects">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
