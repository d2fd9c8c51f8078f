<?cs # login.cs: sign in ?><?cs include!"macros.cs" ?><?cs set:page.slim = "1" ?><?cs include!"head.cs" ?>
<form class="panel" method="post" action="/login">
<?cs call:secret() ?><input type="hidden" name="next" value="<?cs var:next.value ?>">
<?cs call:input(email, "email", "E-mail", "", "email") ?>
<?cs call:input(password, "password", "Password", "", "password") ?>
<div class="actions"><?cs call:button("Sign in", "primary") ?></div>
</form>
<?cs include!"foot.cs" ?>
